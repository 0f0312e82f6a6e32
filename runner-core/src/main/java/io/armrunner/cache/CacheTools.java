package io.armrunner.cache;

import io.armrunner.files.PackingThreads;
import io.armrunner.http.HttpClient;
import io.armrunner.protocol.RetryingCaller;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/**
 * What the cache stages of all jobs of a runner work with. Immutable; its parts are thread-safe.
 *
 * @param threads on which all jobs pack
 * @param environment of git, for {@code untracked}; needs {@code PATH}
 * @param sleeper how the time between two tries passes
 * @param clock for the age of what an earlier process left behind
 * @param remote where caches are shared between machines; empty keeps them on this one
 */
public record CacheTools(
        PackingThreads threads,
        Map<String, String> environment,
        RetryingCaller.Sleeper sleeper,
        InstantSource clock,
        Optional<Remote> remote) {
    public CacheTools {
        environment = Map.copyOf(environment);
    }

    /**
     * The object store of a runner (job-semantics §7.2, §10.4).
     *
     * @param store signs the requests
     * @param http sends them
     * @param path what every object's name begins with, or empty
     * @param shared whether runners share their caches
     * @param maxArchiveSize the largest archive to send in bytes, 0 for no limit
     */
    public record Remote(
            RemoteCache store, HttpClient http, String path, boolean shared, long maxArchiveSize) {}
}
