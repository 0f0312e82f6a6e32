package io.armrunner.plan;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Wire;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a plan is made of besides the payload, to be carried to another process: with the same
 * settings and place the plan comes out the same there.
 *
 * @param settings of the job's runner
 * @param place where it runs
 */
public record PlanInput(RunnerSettings settings, JobPlace place) {
    /** As JSON; holds the key of a client certificate, if there is one. */
    public ObjectNode json() {
        ObjectNode json = Wire.mapper().createObjectNode();
        putSettings(json.putObject("settings"));
        putPlace(json.putObject("place"));
        return json;
    }

    private void putSettings(ObjectNode json) {
        json.put("name", settings.name())
                .put("short_token", settings.shortToken())
                .put("system_id", settings.systemId())
                .put("url", settings.url())
                .put("clone_url", settings.cloneUrl())
                .put("executor", settings.executor())
                .put("shell", settings.shell())
                .put("pre_get_sources_script", settings.preGetSourcesScript())
                .put("post_get_sources_script", settings.postGetSourcesScript())
                .put("pre_build_script", settings.preBuildScript())
                .put("post_build_script", settings.postBuildScript())
                .put("debug_trace_disabled", settings.debugTraceDisabled())
                .put("output_limit", settings.output().limitKib())
                .put("output_end", settings.output().endKib())
                .put("output_kept", settings.output().keptKib());
        settings.environment().forEach(json.putArray("environment")::add);
        ObjectNode flags = json.putObject("feature_flags");
        settings.featureFlags().forEach(flags::put);
        settings.prepareTimeout()
                .ifPresent(limit -> json.put("prepare_timeout_ms", limit.toMillis()));
        settings.getSourcesTimeout()
                .ifPresent(limit -> json.put("get_sources_timeout_ms", limit.toMillis()));
        settings.customBuildDirEnabled()
                .ifPresent(enabled -> json.put("custom_build_dir_enabled", enabled));
        settings.cleanGitConfig().ifPresent(clean -> json.put("clean_git_config", clean));
        settings.safeDirectoryCheckout()
                .ifPresent(safe -> json.put("safe_directory_checkout", safe));
        json.putObject("product")
                .put("name", settings.product().name())
                .put("version", settings.product().version())
                .put("revision", settings.product().revision())
                .put("architecture", settings.product().architecture());
    }

    private void putPlace(ObjectNode json) {
        json.put("builds_root", place.buildsRoot())
                .put("cache_root", place.cacheRoot())
                .put("concurrent_id", place.concurrentId())
                .put("concurrent_project_id", place.concurrentProjectId())
                .put("disposable", place.disposable())
                .put("shared_layout", place.sharedLayout())
                .put("hostname", place.hostname())
                .put("correlation_id", place.correlationId());
        json.putObject("tls")
                .put("ca_chain", place.tls().caChain())
                .put("certificate", place.tls().certificate())
                .put("key", place.tls().key().value());
    }

    /** Reads {@link #json}; what is not there is as if it were not configured. */
    public static PlanInput read(JsonNode json) {
        return new PlanInput(settings(json.path("settings")), place(json.path("place")));
    }

    private static RunnerSettings settings(JsonNode json) {
        List<String> environment = new ArrayList<>();
        json.path("environment").forEach(entry -> environment.add(entry.asText()));
        Map<String, Boolean> flags = new LinkedHashMap<>();
        json.path("feature_flags")
                .properties()
                .forEach(flag -> flags.put(flag.getKey(), flag.getValue().asBoolean()));
        JsonNode product = json.path("product");
        return new RunnerSettings(
                json.path("name").asText(),
                json.path("short_token").asText(),
                json.path("system_id").asText(),
                json.path("url").asText(),
                json.path("clone_url").asText(),
                json.path("executor").asText(),
                json.path("shell").asText(),
                environment,
                json.path("pre_get_sources_script").asText(),
                json.path("post_get_sources_script").asText(),
                json.path("pre_build_script").asText(),
                json.path("post_build_script").asText(),
                flags,
                duration(json, "prepare_timeout_ms"),
                duration(json, "get_sources_timeout_ms"),
                json.path("debug_trace_disabled").asBoolean(),
                flag(json, "custom_build_dir_enabled"),
                flag(json, "clean_git_config"),
                flag(json, "safe_directory_checkout"),
                new RunnerSettings.Output(
                        json.path("output_limit").asInt(),
                        json.path("output_end").asInt(),
                        json.path("output_kept").asInt()),
                new RunnerSettings.Product(
                        product.path("name").asText(),
                        product.path("version").asText(),
                        product.path("revision").asText(),
                        product.path("architecture").asText()));
    }

    private static Optional<Duration> duration(JsonNode json, String key) {
        return Optional.ofNullable(json.get(key)).map(JsonNode::asLong).map(Duration::ofMillis);
    }

    private static Optional<Boolean> flag(JsonNode json, String key) {
        return Optional.ofNullable(json.get(key)).map(JsonNode::asBoolean);
    }

    private static JobPlace place(JsonNode json) {
        JsonNode tls = json.path("tls");
        return new JobPlace(
                json.path("builds_root").asText(),
                json.path("cache_root").asText(),
                json.path("concurrent_id").asInt(),
                json.path("concurrent_project_id").asInt(),
                json.path("disposable").asBoolean(),
                json.path("shared_layout").asBoolean(),
                json.path("hostname").asText(),
                json.path("correlation_id").asText(),
                new JobPlace.TlsFiles(
                        tls.path("ca_chain").asText(),
                        tls.path("certificate").asText(),
                        Secret.of(tls.path("key").asText())));
    }
}
