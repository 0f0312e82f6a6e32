package io.armrunner.protocol;

import java.util.List;
import java.util.OptionalInt;

/**
 * What a runner that is registered the old way asks to be (runner-protocol §2.3).
 *
 * <p>With a {@code glrt-} token GitLab decides all of this, and nothing of it is sent.
 *
 * @param description what the UI shows; empty leaves it out
 * @param maintenanceNote at most 1024 characters; empty leaves it out
 * @param tags sent as one comma separated string
 * @param runUntagged whether jobs without tags are taken; always so when there are no tags
 * @param locked whether the runner stays with its project
 * @param accessLevel {@code not_protected}, {@code ref_protected}, or empty for GitLab's default
 * @param maximumTimeout seconds that a job may take; GitLab wants at least 600
 * @param paused whether the runner gets no jobs at first
 */
public record Registration(
        String description,
        String maintenanceNote,
        List<String> tags,
        boolean runUntagged,
        boolean locked,
        String accessLevel,
        OptionalInt maximumTimeout,
        boolean paused) {
    public Registration {
        tags = List.copyOf(tags);
        // GitLab refuses a runner that could take no job at all.
        runUntagged = runUntagged || tags.isEmpty();
    }
}
