package io.armrunner.codebuild.lane;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.AwsFailure;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Variable;
import io.armrunner.spec.Wire;
import io.armrunner.trace.Ticker;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueRequest;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueResponse;

/**
 * Reads the values behind references in one region, as the runner: a build has no right to any, so
 * a job gets those of its own references and no others. Thread-safe.
 */
final class ReferenceValues {
    /** A hundred jobs that start together make one call. */
    private static final Duration FRESH = Duration.ofMinutes(1);

    private static final int PARTS_OF_ARN = 7;

    private record Known(Secret value, Duration since) {}

    private final AwsClients clients;
    private final Ticker ticker;
    private final Map<String, Known> known = new ConcurrentHashMap<>();

    ReferenceValues(AwsClients clients, Ticker ticker) {
        this.clients = clients;
        this.ticker = ticker;
    }

    /**
     * The variables, masked in the log; they stand beneath the job's own.
     *
     * @throws JobFailure with which of them cannot be had, and why
     */
    List<Variable> read(List<Reference> references) throws JobFailure {
        List<Variable> variables = new ArrayList<>();
        for (Reference reference : references) {
            variables.add(Variable.masked(reference.variable(), value(reference).value()));
        }
        return variables;
    }

    private Secret value(Reference reference) throws JobFailure {
        String name = reference.store() + " " + reference.id();
        Known before = known.get(name);
        if (before != null && ticker.now().minus(before.since()).compareTo(FRESH) < 0) {
            return before.value();
        }
        try {
            Secret value =
                    switch (reference.store()) {
                        case PARAMETERS ->
                                Secret.of(
                                        clients.ssm()
                                                .getParameter(ask ->
                                                        ask.name(reference.id())
                                                                .withDecryption(true))
                                                .parameter()
                                                .value());
                        case SECRETS -> secret(reference);
                    };
            known.values().removeIf(each -> ticker.now().minus(each.since()).compareTo(FRESH) >= 0);
            known.put(name, new Known(value, ticker.now()));
            return value;
        } catch (SdkException e) {
            String what =
                    "read the %s %s for the variable %s"
                            .formatted(
                                    reference.store() == Reference.Store.PARAMETERS
                                            ? "parameter"
                                            : "secret",
                                    reference.id(),
                                    reference.variable());
            throw new JobFailure(
                    FailureReason.RUNNER_EXTERNAL_DEPENDENCY_FAILURE,
                    AwsFailure.describe(what, clients.place(), e),
                    e);
        }
    }

    private Secret secret(Reference reference) throws JobFailure {
        // An ARN has six colons of its own.
        String id = reference.id();
        int name = id.startsWith("arn:") ? PARTS_OF_ARN : 1;
        List<String> parts = List.of(id.split(":", -1));
        int end = Math.min(name, parts.size());
        GetSecretValueRequest.Builder ask =
                GetSecretValueRequest.builder().secretId(String.join(":", parts.subList(0, end)));
        String key = part(parts, end);
        String stage = part(parts, end + 1);
        String version = part(parts, end + 2);
        if (!stage.isEmpty()) {
            ask.versionStage(stage);
        }
        if (!version.isEmpty()) {
            ask.versionId(version);
        }
        GetSecretValueResponse answer = clients.secretsManager().getSecretValue(ask.build());
        String text =
                answer.secretString() != null
                        ? answer.secretString()
                        : answer.secretBinary().asUtf8String();
        if (key.isEmpty()) {
            return Secret.of(text);
        }
        try {
            JsonNode value = Wire.tree(text.getBytes(StandardCharsets.UTF_8)).path(key);
            if (!value.isMissingNode() && !value.isNull()) {
                return Secret.of(value.isValueNode() ? value.asText() : value.toString());
            }
        } catch (JsonProcessingException _) {
            // Said below.
        }
        throw new JobFailure(
                FailureReason.RUNNER_CONFIGURATION_ERROR,
                "the secret %s for the variable %s is no JSON object with the key %s"
                        .formatted(parts.getFirst(), reference.variable(), key));
    }

    private static String part(List<String> parts, int at) {
        return at < parts.size() ? parts.get(at) : "";
    }
}
