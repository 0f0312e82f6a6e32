package io.armrunner.coordinator;

import java.util.List;

/**
 * What GitLab keeps of a runner.
 *
 * @param description shown to people
 * @param tags what it can do; it gets jobs all of whose tags are here
 * @param runUntagged whether it also gets jobs without tags
 */
public record RunnerSpec(String description, List<String> tags, boolean runUntagged) {
    public RunnerSpec {
        tags = List.copyOf(tags);
    }

    /** A runner with these tags that also takes untagged jobs. */
    public static RunnerSpec tagged(String... tags) {
        return new RunnerSpec("armrunner", List.of(tags), true);
    }
}
