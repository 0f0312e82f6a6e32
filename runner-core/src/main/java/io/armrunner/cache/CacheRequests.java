package io.armrunner.cache;

import io.armrunner.cache.RemoteCache.Operation;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.Stage;
import io.armrunner.plan.Stage.CacheEntry;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.function.Function;

/**
 * Which requests to the object store a job's stages may make (job-semantics §7.2, §7.5): for
 * whoever signs them before the job runs. Pure.
 */
public final class CacheRequests {
    private CacheRequests() {}

    /**
     * One request.
     *
     * @param object its name in the store
     * @param cacheKey as people know it
     */
    public record Wanted(Operation operation, String object, String cacheKey) {}

    /**
     * All of them, each once, in the order of the stages.
     *
     * @param path what every object's name begins with, or empty
     * @param shared whether runners share their caches
     */
    public static List<Wanted> of(String path, boolean shared, JobPlan plan) {
        SequencedSet<Wanted> wanted = new LinkedHashSet<>();
        Function<CacheKey, String> name = key -> ObjectName.of(path, shared, plan, key);
        // The stages themselves say what is wrong with a key, in the job's log.
        CacheKeys keys = new CacheKeys(plan, _ -> {});
        for (Stage stage : plan.stages()) {
            if (stage instanceof Stage.RestoreCache restore) {
                for (CacheEntry entry : restore.entries()) {
                    if (!entry.policy().equals("push")) {
                        reading(entry, keys)
                                .forEach(key ->
                                        wanted.add(
                                                new Wanted(
                                                        Operation.GET,
                                                        name.apply(key),
                                                        key.human())));
                    }
                }
            } else if (stage instanceof Stage.ArchiveCache archive) {
                for (CacheEntry entry : archive.entries()) {
                    if (!entry.policy().equals("pull")) {
                        keys.own(entry)
                                .ifPresent(key -> {
                                    wanted.add(
                                            new Wanted(
                                                    Operation.HEAD, name.apply(key), key.human()));
                                    wanted.add(
                                            new Wanted(
                                                    Operation.PUT, name.apply(key), key.human()));
                                });
                    }
                }
            }
        }
        return List.copyOf(wanted);
    }

    private static List<CacheKey> reading(CacheEntry entry, CacheKeys keys) {
        Optional<CacheKey> own = keys.own(entry);
        if (own.isEmpty()) {
            return List.of();
        }
        List<CacheKey> all = new ArrayList<>();
        all.add(own.get());
        all.addAll(keys.fallbacks(entry));
        return all;
    }
}
