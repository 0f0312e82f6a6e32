package io.armrunner.protocol;

import com.fasterxml.jackson.core.io.SerializedString;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import io.armrunner.spec.Wire;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the runner tells of itself in {@code info} (runner-protocol §2.2).
 *
 * @param features the keys that are true; every other of {@link #FEATURES} is sent as false
 */
public record ManagerInfo(
        String name,
        String version,
        String revision,
        String platform,
        String architecture,
        String executor,
        String shell,
        Set<String> features,
        Map<String, String> labels) {
    /** All keys of {@code features} (runner-protocol §3.2). */
    public static final List<String> FEATURES =
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

    public ManagerInfo {
        features = Set.copyOf(features);
        labels = Map.copyOf(labels);
        for (String feature : features) {
            if (!FEATURES.contains(feature)) {
                throw new IllegalArgumentException(
                        "'%s' is no feature that GitLab knows".formatted(feature));
            }
        }
    }

    /**
     * The object as it is sent, as bytes: every call carries it, and it never changes.
     *
     * <p>Kept by whoever sends it more than once.
     */
    RawValue wire() {
        SerializedString bytes =
                new SerializedString(new String(Wire.bytes(json()), StandardCharsets.UTF_8));
        return new RawValue(bytes);
    }

    /** The object as it is sent. */
    ObjectNode json() {
        ObjectNode info = Wire.mapper().createObjectNode();
        put(info, "name", name);
        put(info, "version", version);
        put(info, "revision", revision);
        put(info, "platform", platform);
        put(info, "architecture", architecture);
        put(info, "executor", executor);
        put(info, "shell", shell);
        ObjectNode flags = info.putObject("features");
        for (String feature : FEATURES) {
            flags.put(feature, features.contains(feature));
        }
        info.putObject("config").put("gpus", "");
        if (!labels.isEmpty()) {
            ObjectNode target = info.putObject("labels");
            labels.forEach(target::put);
        }
        return info;
    }

    private static void put(ObjectNode target, String key, String value) {
        if (!value.isEmpty()) {
            target.put(key, value);
        }
    }
}
