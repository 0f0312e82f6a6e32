package io.armrunner.codebuild.fake;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.services.ssm.model.DeleteParameterRequest;
import software.amazon.awssdk.services.ssm.model.DeleteParameterResponse;
import software.amazon.awssdk.services.ssm.model.GetParameterRequest;
import software.amazon.awssdk.services.ssm.model.GetParameterResponse;
import software.amazon.awssdk.services.ssm.model.GetParametersRequest;
import software.amazon.awssdk.services.ssm.model.GetParametersResponse;
import software.amazon.awssdk.services.ssm.model.Parameter;
import software.amazon.awssdk.services.ssm.model.ParameterType;
import software.amazon.awssdk.services.ssm.model.PutParameterRequest;
import software.amazon.awssdk.services.ssm.model.PutParameterResponse;

/** Parameter Store. Thread-safe. */
final class FakeParameters implements Service {
    private static final int MAX_STANDARD = 4096;

    private final String arnPrefix;
    private final AwsTime time;
    private final Map<String, Parameter> parameters = new TreeMap<>();

    FakeParameters(String region, String account, AwsTime time) {
        this.arnPrefix = "arn:aws:ssm:" + region + ":" + account + ":parameter";
        this.time = time;
    }

    @Override
    public String packageName() {
        return "software.amazon.awssdk.services.ssm";
    }

    @Override
    public String prefix() {
        return "ssm";
    }

    @Override
    public List<String> resources(SdkPojo request) {
        return switch (request) {
            case GetParameterRequest r -> List.of(arn(r.name()));
            case PutParameterRequest r -> List.of(arn(r.name()));
            case DeleteParameterRequest r -> List.of(arn(r.name()));
            case GetParametersRequest r -> r.names().stream().map(this::arn).toList();
            default -> List.of("*");
        };
    }

    private String arn(String name) {
        String bare = bare(name);
        return arnPrefix + (bare.startsWith("/") ? bare : "/" + bare);
    }

    // An ARN, name:version or name:label
    private static String bare(String name) {
        int arn = name.indexOf(":parameter/");
        if (name.startsWith("arn:") && arn > 0) {
            return name.substring(arn + ":parameter".length());
        }
        int colon = name.indexOf(':');
        return colon < 0 ? name : name.substring(0, colon);
    }

    @Override
    public synchronized SdkPojo answer(SdkPojo request, Caller caller) throws ServiceError {
        return switch (request) {
            case GetParameterRequest r ->
                    GetParameterResponse.builder()
                            .parameter(found(r.name(), Boolean.TRUE.equals(r.withDecryption())))
                            .build();
            case GetParametersRequest r -> several(r);
            case PutParameterRequest r -> put(r);
            case DeleteParameterRequest r -> {
                found(r.name(), false);
                parameters.remove(r.name());
                yield DeleteParameterResponse.builder().build();
            }
            default -> throw Service.unknown(request);
        };
    }

    private Parameter found(String name, boolean decrypted) throws ServiceError {
        Parameter parameter = parameters.get(bare(name));
        if (parameter == null) {
            // The real one says nothing but its code.
            throw new ServiceError(400, "ParameterNotFound", "");
        }
        boolean closed = parameter.type() == ParameterType.SECURE_STRING && !decrypted;
        return closed
                ? parameter.toBuilder()
                        .value(
                                "AQICAHh"
                                        + Signature.sha256(
                                                parameter
                                                        .value()
                                                        .getBytes(
                                                                java.nio.charset.StandardCharsets
                                                                        .UTF_8)))
                        .build()
                : parameter;
    }

    private SdkPojo several(GetParametersRequest r) {
        List<Parameter> found = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (String name : r.names()) {
            try {
                found.add(found(name, Boolean.TRUE.equals(r.withDecryption())));
            } catch (ServiceError _) {
                missing.add(name); // this call lists what is missing instead of failing
            }
        }
        return GetParametersResponse.builder().parameters(found).invalidParameters(missing).build();
    }

    private SdkPojo put(PutParameterRequest r) throws ServiceError {
        Parameter old = parameters.get(r.name());
        if (old != null && !Boolean.TRUE.equals(r.overwrite())) {
            throw new ServiceError(400, "ParameterAlreadyExists", "The parameter already exists.");
        }
        if (r.value().length() > MAX_STANDARD || r.value().isEmpty()) {
            throw ServiceError.validation(
                    "Standard tier parameters support a maximum parameter value of 4096 characters.");
        }
        long version = old == null ? 1 : old.version() + 1;
        parameters.put(
                r.name(),
                Parameter.builder()
                        .name(r.name())
                        .type(r.type() == null ? ParameterType.STRING : r.type())
                        .value(r.value())
                        .version(version)
                        .lastModifiedDate(time.instant())
                        .arn(arn(r.name()))
                        .dataType("text")
                        .build());
        return PutParameterResponse.builder().version(version).build();
    }
}
