package io.armrunner.coordinator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What a runner says of itself in {@code info.features} (runner-protocol §3.2). */
final class Features {
    /** Every key, all of which a runner always sends as booleans. */
    static final List<String> KEYS =
            List.of(
                    "variables",
                    "image",
                    "services",
                    "artifacts",
                    "cache",
                    "fallback_cache_keys",
                    "shared",
                    "upload_multiple_artifacts",
                    "upload_raw_artifacts",
                    "session",
                    "terminal",
                    "refspecs",
                    "masking",
                    "proxy",
                    "raw_variables",
                    "artifacts_exclude",
                    "multi_build_steps",
                    "trace_reset",
                    "trace_checksum",
                    "trace_size",
                    "vault_secrets",
                    "cancelable",
                    "return_exit_code",
                    "service_variables",
                    "service_multiple_aliases",
                    "image_executor_opts",
                    "service_executor_opts",
                    "cancel_gracefully",
                    "native_steps_integration",
                    "two_phase_job_commit",
                    "job_inputs");

    private Features() {}

    /** Those that are true. */
    static Set<String> offered(JsonNode body) {
        Set<String> offered = new HashSet<>();
        body.path("info")
                .path("features")
                .properties()
                .forEach(entry -> {
                    if (entry.getValue().asBoolean()) {
                        offered.add(entry.getKey());
                    }
                });
        return offered;
    }

    /** What is wrong with the form of {@code info}. */
    static Optional<String> fault(JsonNode body) {
        JsonNode features = body.path("info").path("features");
        List<String> bad = KEYS.stream().filter(key -> !features.path(key).isBoolean()).toList();
        if (!bad.isEmpty()) {
            return Optional.of("info.features lacks " + String.join(", ", bad));
        }
        if (!body.path("info").path("config").isObject()) {
            return Optional.of("info.config is missing");
        }
        return Optional.empty();
    }

    /** Whether this is {@code s_} or {@code r_} and 12 letters or digits (§1.4). */
    static boolean isSystemId(String id) {
        return id.length() == 14
                && (id.startsWith("s_") || id.startsWith("r_"))
                && id.chars()
                        .skip(2)
                        .allMatch(c ->
                                (c >= '0' && c <= '9')
                                        || (c >= 'a' && c <= 'z')
                                        || (c >= 'A' && c <= 'Z'));
    }
}
