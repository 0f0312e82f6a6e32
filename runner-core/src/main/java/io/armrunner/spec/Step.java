package io.armrunner.spec;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One script of a job (runner-protocol §3.8.6). */
public record Step(
        String name,
        List<String> script,
        int timeout,
        String when,
        @JsonProperty("allow_failure") boolean allowFailure) {
    public Step(
            @Nullable String name,
            @Nullable List<@Nullable String> script,
            int timeout,
            @Nullable String when,
            @JsonProperty("allow_failure") boolean allowFailure) {
        this.name = Absent.string(name);
        this.script = Absent.list(script);
        this.timeout = timeout;
        this.when = Absent.string(when);
        this.allowFailure = allowFailure;
    }
}
