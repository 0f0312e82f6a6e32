package io.armrunner.spec;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One upload that the job wants (runner-protocol §3.8.9). */
public record Artifacts(
        String name,
        boolean untracked,
        List<String> paths,
        List<String> exclude,
        String when,
        @JsonProperty("expire_in") String expireIn,
        @JsonProperty("artifact_type") String artifactType,
        @JsonProperty("artifact_format") String artifactFormat) {
    public Artifacts(
            @Nullable String name,
            boolean untracked,
            @Nullable List<@Nullable String> paths,
            @Nullable List<@Nullable String> exclude,
            @Nullable String when,
            @JsonProperty("expire_in") @Nullable String expireIn,
            @JsonProperty("artifact_type") @Nullable String artifactType,
            @JsonProperty("artifact_format") @Nullable String artifactFormat) {
        this.name = Absent.string(name);
        this.untracked = untracked;
        this.paths = Absent.list(paths);
        this.exclude = Absent.list(exclude);
        this.when = Absent.string(when);
        this.expireIn = Absent.string(expireIn);
        this.artifactType = Absent.string(artifactType);
        this.artifactFormat = Absent.string(artifactFormat);
    }
}
