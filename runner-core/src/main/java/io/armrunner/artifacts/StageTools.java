package io.armrunner.artifacts;

import io.armrunner.files.PackingThreads;
import io.armrunner.protocol.ArtifactStore;
import io.armrunner.protocol.RetryingCaller;
import java.time.InstantSource;
import java.util.Map;

/**
 * What the artifact stages of all jobs of a runner work with. Immutable; its parts are thread-safe.
 *
 * @param store where artifacts go and come from
 * @param threads on which all jobs pack
 * @param environment of git, for {@code untracked}; needs {@code PATH}
 * @param sleeper how the time between two tries passes
 * @param clock for the times in a provenance statement
 */
public record StageTools(
        ArtifactStore store,
        PackingThreads threads,
        Map<String, String> environment,
        RetryingCaller.Sleeper sleeper,
        InstantSource clock) {
    public StageTools {
        environment = Map.copyOf(environment);
    }
}
