package io.armrunner.codebuild.lane;

import io.armrunner.cache.CacheRequests;
import io.armrunner.cache.CacheTools;
import io.armrunner.cache.RemoteCache;
import io.armrunner.codebuild.handover.SignedCaches;
import io.armrunner.codebuild.s3.BucketCache;
import io.armrunner.plan.JobPlan;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Signs the requests of a job's caches, so that its build reaches these objects and no others. The
 * store is that of {@code [runners.cache]}, or without one the lane's own bucket. Runs on the job's
 * thread.
 */
final class BuildCaches {
    private static final Logger LOG = LoggerFactory.getLogger(BuildCaches.class);

    /** Beside {@code jobs/} and {@code agent/}. */
    static final String OWN = "cache";

    /** A cache is saved after the script: the job's time-out is not the end. */
    private static final Duration AFTER = Duration.ofHours(1);

    // No signature of AWS may be valid for longer.
    private static final Duration LONGEST = Duration.ofDays(7);

    private BuildCaches() {}

    /**
     * The signed requests. Never the end of a job: what cannot be signed is told with the caches.
     *
     * @param configured what {@code [runners.cache]} says
     */
    static SignedCaches signed(
            Optional<CacheTools.Remote> configured,
            RegionLane region,
            CodeBuildSettings settings,
            JobPlan plan)
            throws InterruptedException {
        Naming naming =
                configured
                        .map(remote ->
                                new Naming(remote.path(), remote.shared(), remote.maxArchiveSize()))
                        .orElse(new Naming(OWN, false, 0));
        List<CacheRequests.Wanted> wanted = CacheRequests.of(naming.path(), naming.shared(), plan);
        if (wanted.isEmpty()) {
            return SignedCaches.NONE;
        }
        RemoteCache store =
                configured
                        .map(CacheTools.Remote::store)
                        .orElseGet(() ->
                                new BucketCache(
                                        region.clients.presigner(),
                                        region.bucket,
                                        settings.kmsKey()));
        Duration job = plan.timeouts().job().plus(AFTER);
        Duration validity = job.compareTo(LONGEST) < 0 ? job : LONGEST;
        Map<String, RemoteCache.Request> requests = new LinkedHashMap<>();
        String refusal = "";
        for (CacheRequests.Wanted each : wanted) {
            try {
                requests.put(
                        SignedCaches.name(each.operation(), each.object()),
                        store.sign(each.operation(), each.object(), each.cacheKey(), validity));
            } catch (IOException e) {
                refusal = String.valueOf(e.getMessage());
                LOG.warn("cache_unsigned job={} error=\"{}\"", plan.payload().id(), refusal);
                break;
            }
        }
        return new SignedCaches(
                naming.path(), naming.shared(), naming.maxArchiveSize(), requests, refusal);
    }

    private record Naming(String path, boolean shared, long maxArchiveSize) {}
}
