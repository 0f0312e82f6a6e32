package io.armrunner.codebuild.fake;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.services.secretsmanager.model.CreateSecretRequest;
import software.amazon.awssdk.services.secretsmanager.model.CreateSecretResponse;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueRequest;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueResponse;

/** Secrets Manager, with one version of each secret. Thread-safe. */
final class FakeSecrets implements Service {
    private final String arnPrefix;
    private final Map<String, String> secrets = new TreeMap<>();

    FakeSecrets(String region, String account) {
        this.arnPrefix = "arn:aws:secretsmanager:" + region + ":" + account + ":secret:";
    }

    @Override
    public String packageName() {
        return "software.amazon.awssdk.services.secretsmanager";
    }

    @Override
    public String prefix() {
        return "secretsmanager";
    }

    @Override
    public List<String> resources(SdkPojo request) {
        return switch (request) {
            case GetSecretValueRequest r -> List.of(arn(r.secretId()));
            case CreateSecretRequest r -> List.of(arn(r.name()));
            default -> List.of("*");
        };
    }

    // The real ones end in six letters of their own, which nobody has to know.
    private String arn(String id) {
        return id.startsWith("arn:") ? id : arnPrefix + id + "-AbCdEf";
    }

    @Override
    public synchronized SdkPojo answer(SdkPojo request, Caller caller) throws ServiceError {
        return switch (request) {
            case GetSecretValueRequest r -> {
                @Nullable String value = secrets.get(arn(r.secretId()));
                if (value == null) {
                    throw new ServiceError(
                            400,
                            "ResourceNotFoundException",
                            "Secrets Manager can't find the specified secret.");
                }
                yield GetSecretValueResponse.builder()
                        .arn(arn(r.secretId()))
                        .name(r.secretId())
                        .secretString(value)
                        .build();
            }
            case CreateSecretRequest r -> {
                if (secrets.putIfAbsent(arn(r.name()), r.secretString()) != null) {
                    throw new ServiceError(
                            400,
                            "ResourceExistsException",
                            "The operation failed because the secret %s already exists."
                                    .formatted(r.name()));
                }
                yield CreateSecretResponse.builder().arn(arn(r.name())).name(r.name()).build();
            }
            default -> throw Service.unknown(request);
        };
    }
}
