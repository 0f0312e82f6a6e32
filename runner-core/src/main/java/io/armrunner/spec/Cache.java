package io.armrunner.spec;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One cache of the job (runner-protocol §3.8.10). */
public record Cache(
        String key,
        boolean untracked,
        List<String> paths,
        String policy,
        String when,
        @JsonProperty("fallback_keys") List<String> fallbackKeys) {
    public Cache(
            @Nullable String key,
            boolean untracked,
            @Nullable List<@Nullable String> paths,
            @Nullable String policy,
            @Nullable String when,
            @JsonProperty("fallback_keys") @Nullable List<@Nullable String> fallbackKeys) {
        this.key = Absent.string(key);
        this.untracked = untracked;
        this.paths = Absent.list(paths);
        this.policy = Absent.string(policy);
        this.when = Absent.string(when);
        this.fallbackKeys = Absent.list(fallbackKeys);
    }
}
