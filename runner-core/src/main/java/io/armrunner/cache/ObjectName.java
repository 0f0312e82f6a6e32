package io.armrunner.cache;

import io.armrunner.plan.JobPlan;
import io.armrunner.variables.FeatureFlag;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** How a cache is called in an object store (job-semantics §7.2). Pure functions. */
final class ObjectName {
    // Some stores spread objects by the beginning of their names.
    private static final int SPREAD = 2;

    private ObjectName() {}

    /**
     * The name of a key's archive; it has no {@code /cache.zip}.
     *
     * @param path what every object's name begins with, or empty
     * @param shared whether runners share their caches
     */
    static String of(String path, boolean shared, JobPlan plan, CacheKey key) {
        List<String> parts = new ArrayList<>();
        Arrays.stream(path.split("/", -1))
                .filter(part -> !part.isEmpty() && !part.equals("."))
                .forEach(parts::add);
        if (!shared) {
            parts.add("runner");
            parts.add(plan.settings().shortToken());
        }
        parts.add("project");
        parts.add(Long.toString(plan.payload().jobInfo().projectId()));
        if (plan.flags().isOn(FeatureFlag.FF_HASH_CACHE_KEYS)) {
            parts.add(key.path().substring(0, SPREAD));
        }
        parts.add(key.path());
        return String.join("/", parts);
    }
}
