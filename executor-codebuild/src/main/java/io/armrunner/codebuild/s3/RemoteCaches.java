package io.armrunner.codebuild.s3;

import io.armrunner.cache.CacheTools;
import io.armrunner.config.CacheConfig;
import io.armrunner.http.HttpClient;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The object store of a runner's configuration (job-semantics §10.4). */
public final class RemoteCaches {
    private static final Logger LOG = LoggerFactory.getLogger(RemoteCaches.class);

    private RemoteCaches() {}

    /**
     * The store, or nothing if caches stay on this machine; a store that cannot be used is a
     * warning in the service's log, and its caches stay on this machine too. Called once for each
     * runner; makes no connection.
     *
     * @param runner the runner's name, for the warning
     * @param http sends the requests
     */
    public static Optional<CacheTools.Remote> open(
            String runner, CacheConfig config, HttpClient http) {
        String type = config.type().orElse("").toLowerCase(Locale.ROOT);
        return switch (type) {
            case "" -> Optional.empty();
            case "s3" -> s3(runner, config, http);
            default -> {
                LOG.warn(
                        "cache.local-only runner=\"{}\" reason=\"[runners.cache] Type = {} is not supported, only s3 is: caches are kept on this machine\"",
                        runner,
                        type);
                yield Optional.empty();
            }
        };
    }

    private static Optional<CacheTools.Remote> s3(
            String runner, CacheConfig config, HttpClient http) {
        try {
            return Optional.of(
                    new CacheTools.Remote(
                            S3Cache.of(config.s3()),
                            http,
                            config.path(),
                            config.shared(),
                            config.maxUploadedArchiveSize()));
        } catch (IllegalArgumentException e) {
            LOG.warn(
                    "cache.local-only runner=\"{}\" reason=\"{}: caches are kept on this machine\"",
                    runner,
                    e.getMessage());
            return Optional.empty();
        }
    }
}
