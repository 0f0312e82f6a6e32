package io.armrunner.cache;

import io.armrunner.plan.JobPlan;
import io.armrunner.plan.Stage.CacheEntry;
import io.armrunner.variables.FeatureFlag;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Which keys a stage uses for an entry, with what the log says of them (job-semantics §7.1, §7.3).
 * Used by the job's thread.
 */
final class CacheKeys {
    // GitLab keeps caches of protected branches apart by this suffix: nobody else may name one.
    private static final String PROTECTED = "-protected";

    private final JobPlan plan;
    private final Consumer<String> warnings;
    private final boolean hashed;

    /**
     * @param warnings hears what is wrong with a key
     */
    CacheKeys(JobPlan plan, Consumer<String> warnings) {
        this.plan = plan;
        this.warnings = warnings;
        this.hashed = plan.flags().isOn(FeatureFlag.FF_HASH_CACHE_KEYS);
    }

    /** The entry's own key; empty, and said so, if it has none that can be used. */
    Optional<CacheKey> own(CacheEntry entry) {
        return used(entry.key());
    }

    /** The keys to try when there is nothing under the entry's own. */
    List<CacheKey> fallbacks(CacheEntry entry) {
        List<CacheKey> keys = new ArrayList<>();
        for (String raw : entry.fallbackKeys()) {
            if (!raw.isEmpty()) {
                used(raw).ifPresent(keys::add);
            }
        }
        String last = plan.variables().expand(plan.variables().get("CACHE_FALLBACK_KEY"));
        if (!last.isEmpty()) {
            if (isProtected(last)) {
                warnings.accept(
                        "CACHE_FALLBACK_KEY \"%s\" not allowed to end in \"%s\""
                                .formatted(last, PROTECTED));
            } else {
                used(last).ifPresent(keys::add);
            }
        }
        return keys;
    }

    // "main-protected/." and "main-protected%2f" are the same cache.
    private boolean isProtected(String raw) {
        return endsProtected(raw)
                || (!hashed
                        && CacheKey.sanitized(raw)
                                .filter(key -> endsProtected(key.path()))
                                .isPresent());
    }

    private static boolean endsProtected(String key) {
        int end = key.length();
        while (end > 0 && (key.charAt(end - 1) == '.' || key.charAt(end - 1) == ' ')) {
            end--;
        }
        return key.startsWith(PROTECTED, end - PROTECTED.length());
    }

    private Optional<CacheKey> used(String raw) {
        if (hashed) {
            return Optional.of(CacheKey.hashed(raw));
        }
        Optional<CacheKey> key = CacheKey.sanitized(raw);
        if (key.isEmpty()) {
            warnings.accept("cache key \"%s\" could not be sanitized".formatted(raw));
        } else if (!key.get().path().equals(raw)) {
            warnings.accept(
                    "cache key \"%s\" sanitized to \"%s\"".formatted(raw, key.get().path()));
        }
        return key;
    }
}
