package io.armrunner.secrets;

import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.plan.JobPlan;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A provider's part of one secret in the payload.
 *
 * @param variable what the secret is called in the job
 * @param provider GitLab's word for the provider
 * @param fields as sent, not expanded
 * @param plan the job
 */
public record SecretRequest(String variable, String provider, JsonNode fields, JobPlan plan) {
    /**
     * A text, with the job's variables put in; empty if there is none.
     *
     * @param path names from the outside to the inside, such as {@code server}, {@code url}
     */
    public String text(String... path) throws JobFailure {
        JsonNode at = at(path);
        if (at.isMissingNode() || at.isNull()) {
            return "";
        }
        if (!at.isValueNode()) {
            throw unusable(String.join(".", path) + " is no text");
        }
        return plan.variables().expand(at.asText());
    }

    /** A text that has to be there. */
    public String needed(String... path) throws JobFailure {
        String text = text(path);
        if (text.isBlank()) {
            throw unusable("has no " + String.join(".", path));
        }
        return text;
    }

    /** A table of texts, in order, with the job's variables put in. */
    public Map<String, String> texts(String... path) throws JobFailure {
        Map<String, String> texts = new LinkedHashMap<>();
        JsonNode at = at(path);
        for (Map.Entry<String, JsonNode> entry : at.properties()) {
            if (!entry.getValue().isValueNode()) {
                throw unusable(String.join(".", path) + "." + entry.getKey() + " is no text");
            }
            texts.put(entry.getKey(), plan.variables().expand(entry.getValue().asText("")));
        }
        return texts;
    }

    private JsonNode at(String... path) {
        JsonNode at = fields;
        for (String name : path) {
            at = at.path(name);
        }
        return at;
    }

    /** The payload asks for what cannot be done, now or later. */
    public JobFailure unusable(String why) {
        return new JobFailure(
                FailureReason.RUNNER_CONFIGURATION_ERROR,
                "secret %s: %s %s".formatted(variable, provider, why));
    }

    /** The server did not do it. */
    public JobFailure failed(String why) {
        return new JobFailure(
                FailureReason.RUNNER_EXTERNAL_DEPENDENCY_FAILURE,
                "secret %s: %s %s".formatted(variable, provider, why));
    }

    @Override
    public String toString() {
        return "SecretRequest[" + variable + " " + provider + "]";
    }
}
