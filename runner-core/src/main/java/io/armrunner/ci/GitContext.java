package io.armrunner.ci;

import java.util.List;
import java.util.Optional;

/**
 * What git knows of the commit that the pipeline is for.
 *
 * @param branch the branch checked out; for a merge request its source branch
 * @param tag the tag, when the pipeline is one for a tag
 * @param sha the commit
 * @param beforeSha the commit before the push; 40 zeros when there is none
 * @param defaultBranch the project's main line
 * @param projectPath group and name, such as {@code iot/gateway}
 * @param isProtected whether the branch or tag is a protected one
 * @param message the commit's whole message
 * @param author {@code Name <mail>}
 * @param timestamp the commit's time, ISO 8601
 * @param changedFiles the paths the push changed; empty when nobody knows, and then {@code changes}
 *     is always true, as for a new branch
 */
public record GitContext(
        String branch,
        Optional<String> tag,
        String sha,
        String beforeSha,
        String defaultBranch,
        String projectPath,
        boolean isProtected,
        String message,
        String author,
        String timestamp,
        Optional<List<String>> changedFiles) {
    /** What GitLab sends where there is no earlier commit. */
    public static final String NO_COMMIT = "0".repeat(40);

    public GitContext {
        changedFiles = changedFiles.map(List::copyOf);
    }

    /** The name of what is built: the tag, or else the branch. */
    public String ref() {
        return tag.orElse(branch);
    }
}
