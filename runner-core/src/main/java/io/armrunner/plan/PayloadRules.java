package io.armrunner.plan;

import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.Image;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.JobPayload;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Refuses jobs that ask for what no runner of this kind can do, before anything is done for them.
 */
final class PayloadRules {
    /** The exit code that GitLab expects of a job refused for its payload. */
    private static final int REFUSED = 3;

    /** What {@code executor_opts} may hold, by executor. */
    private static final Map<String, Set<String>> KNOWN_OPTIONS =
            Map.of("docker", Set.of("platform", "user"), "kubernetes", Set.of("user"));

    private PayloadRules() {}

    static void check(JobPayload payload) throws JobFailure {
        if (!payload.run().isEmpty()) {
            throw refused(
                    payload.steps().isEmpty()
                            ? "The job uses the keyword `run`, which this runner does not support. Write the job with `script` instead."
                            : "The job has both `run` and `script`; only one of them can be used.");
        }
        Image image = payload.image();
        if (image != null) {
            checkOptions("image", image);
        }
        for (Image service : payload.services()) {
            checkOptions("service " + service.name(), service);
        }
    }

    private static void checkOptions(String owner, Image image) throws JobFailure {
        List<String> unknown = new ArrayList<>();
        for (Map.Entry<String, JsonNode> executor : image.executorOpts().entrySet()) {
            Set<String> known = KNOWN_OPTIONS.get(executor.getKey());
            if (known == null) {
                unknown.add(executor.getKey());
                continue;
            }
            for (Map.Entry<String, JsonNode> option : executor.getValue().properties()) {
                if (!known.contains(option.getKey())) {
                    unknown.add(executor.getKey() + ":" + option.getKey());
                } else if (!option.getValue().isValueNode()) {
                    throw refused(
                            "Executor option \"%s:%s\" of %s has to be a text or a number."
                                    .formatted(executor.getKey(), option.getKey(), owner));
                }
            }
        }
        if (!unknown.isEmpty()) {
            throw refused(
                    "Unsupported executor options of %s: %s. Supported are docker:platform, docker:user and kubernetes:user."
                            .formatted(owner, String.join(", ", unknown)));
        }
    }

    private static JobFailure refused(String explanation) {
        return new JobFailure(FailureReason.RUNNER_SYSTEM_FAILURE, explanation, REFUSED);
    }
}
