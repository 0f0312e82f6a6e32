package io.armrunner.codebuild.secrets;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.secrets.SecretProvider;
import io.armrunner.secrets.SecretRequest;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Wire;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClientBuilder;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueRequest;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueResponse;
import software.amazon.awssdk.services.secretsmanager.model.ResourceNotFoundException;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.StsClientBuilder;
import software.amazon.awssdk.services.sts.model.Credentials;

/**
 * AWS Secrets Manager. Makes its clients anew for each secret: they are few, and each job has its
 * own identity.
 */
public final class AwsSecretsProvider implements SecretProvider {
    /** One call with the SDK's own retries. */
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** AWS takes no longer session name. */
    private static final int LONGEST_NAME = 64;

    // The shortest time there is: the secret is read at once.
    private static final int SESSION_SECONDS = 900;

    /** What AWS takes in a session's name. */
    private static final Pattern NOT_IN_NAMES = Pattern.compile("[^A-Za-z0-9_=,.@-]");

    private final Supplier<AwsCredentialsProvider> machine;
    private final Optional<URI> endpoint;
    private final Optional<URI> stsEndpoint;

    /** As AWS and this machine are set up. */
    public AwsSecretsProvider() {
        this(
                () ->
                        DefaultCredentialsProvider.builder()
                                .asyncCredentialUpdateEnabled(false)
                                .build(),
                Optional.empty(),
                Optional.empty());
    }

    /**
     * @param machine who reads when a job names no role; asked only then
     * @param endpoint instead of AWS Secrets Manager's own
     * @param stsEndpoint instead of the Security Token Service's own
     */
    AwsSecretsProvider(
            Supplier<AwsCredentialsProvider> machine,
            Optional<URI> endpoint,
            Optional<URI> stsEndpoint) {
        this.machine = machine;
        this.endpoint = endpoint;
        this.stsEndpoint = stsEndpoint;
    }

    @Override
    public String name() {
        return "aws_secrets_manager";
    }

    @Override
    public Optional<Secret> fetch(SecretRequest request) throws JobFailure, InterruptedException {
        String id = request.needed("secret_id");
        String region = own(request, "region");
        if (region.isBlank()) {
            throw request.unusable("has no region");
        }
        GetSecretValueRequest.Builder wanted = GetSecretValueRequest.builder().secretId(id);
        String version = request.text("version_id");
        String stage = request.text("version_stage");
        if (!version.isEmpty()) {
            wanted.versionId(version);
        }
        if (!stage.isEmpty()) {
            wanted.versionStage(stage);
        }
        try (SecretsManagerClient client = client(identity(request, region), region)) {
            return value(request, client.getSecretValue(wanted.build()));
        } catch (ResourceNotFoundException e) {
            return Optional.empty();
        } catch (AbortedException e) {
            throw new InterruptedException("told to stop while asking AWS");
        } catch (SdkException e) {
            throw request.failed("did not give %s in %s: %s".formatted(id, region, words(e)));
        } catch (IllegalArgumentException e) {
            throw request.unusable("cannot be asked in region " + region);
        }
    }

    /** The secret's own setting, else the one of its server. */
    private static String own(SecretRequest request, String key) throws JobFailure {
        String text = request.text(key);
        return text.isBlank() ? request.text("server", key) : text;
    }

    private AwsCredentialsProvider identity(SecretRequest request, String region)
            throws JobFailure, InterruptedException {
        String role = own(request, "role_arn");
        if (role.isBlank()) {
            return machine.get();
        }
        String token = request.text("server", "jwt");
        if (token.isBlank()) {
            throw request.unusable(
                    "has the role %s, but no ID token to assume it with; add id_tokens with the name AWS_ID_TOKEN to the job"
                            .formatted(role));
        }
        String session =
                sessionName(
                        own(request, "role_session_name"),
                        request.plan().payload(),
                        request.plan().variables().content("CI_SERVER_HOST"));
        try (StsClient sts = sts(region)) {
            Credentials given =
                    sts.assumeRoleWithWebIdentity(wanted ->
                                    wanted.roleArn(role)
                                            .roleSessionName(session)
                                            .webIdentityToken(token)
                                            .durationSeconds(SESSION_SECONDS))
                            .credentials();
            return StaticCredentialsProvider.create(
                    AwsSessionCredentials.create(
                            given.accessKeyId(), given.secretAccessKey(), given.sessionToken()));
        } catch (AbortedException e) {
            throw new InterruptedException("told to stop while asking AWS");
        } catch (SdkException e) {
            throw request.failed("did not let the job assume %s: %s".formatted(role, words(e)));
        }
    }

    /** As GitLab Runner calls it when the job does not say. */
    static String sessionName(String given, JobPayload payload, String serverHost) {
        String name =
                given.isBlank()
                        ? payload.id() + "-" + payload.jobInfo().projectId() + "-" + serverHost
                        : given;
        String allowed = NOT_IN_NAMES.matcher(name).replaceAll("-");
        return allowed.length() > LONGEST_NAME ? allowed.substring(0, LONGEST_NAME) : allowed;
    }

    private SecretsManagerClient client(AwsCredentialsProvider who, String region) {
        SecretsManagerClientBuilder builder =
                SecretsManagerClient.builder()
                        .region(Region.of(region))
                        .credentialsProvider(who)
                        .httpClientBuilder(UrlConnectionHttpClient.builder())
                        .overrideConfiguration(limits());
        endpoint.ifPresent(builder::endpointOverride);
        return builder.build();
    }

    private StsClient sts(String region) {
        StsClientBuilder builder =
                StsClient.builder()
                        .region(Region.of(region))
                        .credentialsProvider(AnonymousCredentialsProvider.create())
                        .httpClientBuilder(UrlConnectionHttpClient.builder())
                        .overrideConfiguration(limits());
        stsEndpoint.ifPresent(builder::endpointOverride);
        return builder.build();
    }

    private static ClientOverrideConfiguration limits() {
        return ClientOverrideConfiguration.builder().apiCallTimeout(LIMIT).build();
    }

    private static Optional<Secret> value(SecretRequest request, GetSecretValueResponse answer)
            throws JobFailure {
        String text =
                answer.secretString() != null
                        ? answer.secretString()
                        : answer.secretBinary() == null ? "" : answer.secretBinary().asUtf8String();
        String field = request.text("field");
        if (field.isEmpty()) {
            return text.isEmpty() ? Optional.empty() : Optional.of(Secret.of(text));
        }
        try {
            JsonNode value =
                    Wire.tree(text.getBytes(java.nio.charset.StandardCharsets.UTF_8)).path(field);
            if (value.isMissingNode() || value.isNull()) {
                return Optional.empty();
            }
            return Optional.of(Secret.of(value.isValueNode() ? value.asText() : value.toString()));
        } catch (JsonProcessingException e) {
            throw request.unusable("has a value without fields, as it is no JSON object");
        }
    }

    private static String words(SdkException failure) {
        if (failure instanceof AwsServiceException service && service.awsErrorDetails() != null) {
            return service.awsErrorDetails().errorCode()
                    + ", "
                    + service.awsErrorDetails().errorMessage();
        }
        return String.valueOf(failure.getMessage());
    }
}
