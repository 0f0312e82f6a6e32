package io.armrunner.codebuild.lane;

import io.armrunner.cache.CacheRequests;
import io.armrunner.cache.CacheTools;
import io.armrunner.cache.RemoteCache;
import io.armrunner.cache.RemoteCache.PartStep;
import io.armrunner.codebuild.handover.PartsSigned;
import io.armrunner.codebuild.handover.PartsWanted;
import io.armrunner.codebuild.handover.SignedCaches;
import io.armrunner.codebuild.s3.BucketCache;
import io.armrunner.plan.JobPlan;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
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
        Naming naming = Naming.of(configured);
        List<CacheRequests.Wanted> wanted = CacheRequests.of(naming.path(), naming.shared(), plan);
        if (wanted.isEmpty()) {
            return SignedCaches.NONE;
        }
        RemoteCache store = store(configured, region, settings);
        Duration validity = validity(plan);
        Map<String, RemoteCache.Request> requests = new LinkedHashMap<>();
        String refusal = "";
        for (CacheRequests.Wanted each : wanted) {
            try {
                requests.put(
                        SignedCaches.name(each.operation(), each.object()),
                        store.sign(each.operation(), each.object(), each.cacheKey(), validity));
                if (each.operation() == RemoteCache.Operation.PUT && isInParts(store)) {
                    requests.put(
                            SignedCaches.begin(each.object()),
                            store.sign(
                                    new PartStep.Begin(),
                                    each.object(),
                                    each.cacheKey(),
                                    validity));
                }
            } catch (IOException e) {
                refusal = String.valueOf(e.getMessage());
                LOG.warn("cache_unsigned job={} error=\"{}\"", plan.payload().id(), refusal);
                break;
            }
        }
        return new SignedCaches(
                naming.path(),
                naming.shared(),
                naming.maxArchiveSize(),
                store.limits(),
                requests,
                refusal);
    }

    /** Whether an agent may have to ask for the parts of a cache. */
    static boolean maySave(Optional<CacheTools.Remote> configured, JobPlan plan) {
        Naming naming = Naming.of(configured);
        return CacheRequests.of(naming.path(), naming.shared(), plan).stream()
                .anyMatch(each -> each.operation() == RemoteCache.Operation.PUT);
    }

    /** Signs what an agent asks for, if it is about a cache that its job may write. */
    static PartsSigned signed(
            Optional<CacheTools.Remote> configured,
            RegionLane region,
            CodeBuildSettings settings,
            JobPlan plan,
            PartsWanted asked)
            throws InterruptedException {
        Naming naming = Naming.of(configured);
        Optional<CacheRequests.Wanted> cache =
                CacheRequests.of(naming.path(), naming.shared(), plan).stream()
                        .filter(each -> each.operation() == RemoteCache.Operation.PUT)
                        .filter(each -> each.object().equals(asked.object()))
                        .findFirst();
        if (cache.isEmpty() || asked.count() < 0 || asked.count() > PartsWanted.MOST) {
            return PartsSigned.refused(asked, "the job may not write the cache " + asked.object());
        }
        RemoteCache store = store(configured, region, settings);
        String key = cache.get().cacheKey();
        Duration validity = validity(plan);
        List<RemoteCache.Request> parts = new ArrayList<>();
        try {
            for (int i = 0; i < asked.count(); i++) {
                PartStep part = new PartStep.Part(asked.upload(), asked.first() + i);
                parts.add(store.sign(part, asked.object(), key, validity));
            }
            return new PartsSigned(
                    asked,
                    parts,
                    List.of(
                            store.sign(
                                    new PartStep.Complete(asked.upload()),
                                    asked.object(),
                                    key,
                                    validity),
                            store.sign(
                                    new PartStep.GiveUp(asked.upload()),
                                    asked.object(),
                                    key,
                                    validity)),
                    "");
        } catch (IOException e) {
            return PartsSigned.refused(asked, String.valueOf(e.getMessage()));
        }
    }

    private static boolean isInParts(RemoteCache store) {
        return store.limits().largestPut() < Long.MAX_VALUE;
    }

    private static RemoteCache store(
            Optional<CacheTools.Remote> configured, RegionLane region, CodeBuildSettings settings) {
        return configured
                .map(CacheTools.Remote::store)
                .orElseGet(() ->
                        new BucketCache(
                                region.clients.presigner(), region.bucket, settings.kmsKey()));
    }

    private static Duration validity(JobPlan plan) {
        Duration job = plan.timeouts().job().plus(AFTER);
        return job.compareTo(LONGEST) < 0 ? job : LONGEST;
    }

    private record Naming(String path, boolean shared, long maxArchiveSize) {
        static Naming of(Optional<CacheTools.Remote> configured) {
            return configured
                    .map(remote ->
                            new Naming(remote.path(), remote.shared(), remote.maxArchiveSize()))
                    .orElse(new Naming(OWN, false, 0));
        }
    }
}
