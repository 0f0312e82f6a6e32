package io.armrunner.spec;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The container image of a job or of a service (runner-protocol §3.8.8). */
public record Image(
        String name,
        String alias,
        List<String> entrypoint,
        List<String> command,
        @JsonProperty("pull_policy") List<String> pullPolicy,
        List<Variable> variables,
        @JsonProperty("executor_opts") Map<String, JsonNode> executorOpts) {
    public Image(
            @Nullable String name,
            @Nullable String alias,
            @Nullable List<@Nullable String> entrypoint,
            @Nullable List<@Nullable String> command,
            @JsonProperty("pull_policy") @Nullable List<@Nullable String> pullPolicy,
            @Nullable List<@Nullable Variable> variables,
            @JsonProperty("executor_opts") @Nullable Map<String, @Nullable JsonNode> executorOpts) {
        this.name = Absent.string(name);
        this.alias = Absent.string(alias);
        this.entrypoint = Absent.list(entrypoint);
        this.command = Absent.list(command);
        this.pullPolicy = Absent.list(pullPolicy);
        this.variables = Absent.list(variables);
        this.executorOpts = Absent.map(executorOpts);
    }
}
