package io.armrunner.spec;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the sources of a job are (runner-protocol §3.8.3). {@code repoUrl} holds the job token:
 * clean it before it is shown.
 */
public record GitInfo(
        @JsonProperty("repo_url") Secret repoUrl,
        @JsonProperty("repo_object_format") String repoObjectFormat,
        String ref,
        String sha,
        @JsonProperty("before_sha") String beforeSha,
        @JsonProperty("ref_type") String refType,
        List<String> refspecs,
        int depth,
        @JsonProperty("protected") @Nullable Boolean isProtected) {
    /** What stands for an absent one. */
    public static final GitInfo EMPTY =
            new GitInfo(null, null, null, null, null, null, null, 0, null);

    public GitInfo(
            @JsonProperty("repo_url") @Nullable Secret repoUrl,
            @JsonProperty("repo_object_format") @Nullable String repoObjectFormat,
            @Nullable String ref,
            @Nullable String sha,
            @JsonProperty("before_sha") @Nullable String beforeSha,
            @JsonProperty("ref_type") @Nullable String refType,
            @Nullable List<@Nullable String> refspecs,
            int depth,
            @JsonProperty("protected") @Nullable Boolean isProtected) {
        this.repoUrl = Absent.secret(repoUrl);
        this.repoObjectFormat = Absent.string(repoObjectFormat);
        this.ref = Absent.string(ref);
        this.sha = Absent.string(sha);
        this.beforeSha = Absent.string(beforeSha);
        this.refType = Absent.string(refType);
        this.refspecs = Absent.list(refspecs);
        this.depth = depth;
        this.isProtected = isProtected;
    }
}
