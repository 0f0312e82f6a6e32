package io.armrunner.cache;

import io.armrunner.files.ArchiveException;
import io.armrunner.files.ArchiveExtractor;
import io.armrunner.files.HelperEnvironment;
import io.armrunner.files.HelperLines;
import io.armrunner.files.TransferMeter;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.Stage.CacheEntry;
import io.armrunner.variables.FeatureFlag;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;

/**
 * Puts one cache of a job back over its project, from whichever key has one (job-semantics §7.3).
 * Used by the job's thread.
 */
final class CacheRestore {
    private final CacheTools tools;
    private final JobPlan plan;
    private final CacheEntry entry;
    private final HelperLines lines;

    CacheRestore(CacheTools tools, JobPlan plan, CacheEntry entry, HelperLines lines) {
        this.tools = tools;
        this.plan = plan;
        this.entry = entry;
        this.lines = lines;
    }

    /** Tries one key; whether its cache was there and is extracted. The log says it all. */
    boolean extract(CacheKey key) throws InterruptedException, InterruptedIOException {
        lines.log().notice("Checking cache for " + key.human() + "...");
        boolean extracted;
        try {
            LocalCache local = LocalCache.of(plan, key);
            extracted = isFetched(local, key) && isExtracted(local);
        } catch (IOException | IllegalArgumentException e) {
            CacheStages.passOnInterrupt(e);
            lines.fatal(String.valueOf(e.getMessage()));
            extracted = false;
        }
        if (extracted) {
            lines.log().notice("Successfully extracted cache");
        } else {
            lines.log().noticeWarning("Failed to extract cache");
            removePartial();
        }
        return extracted;
    }

    private boolean isFetched(LocalCache local, CacheKey key)
            throws IOException, InterruptedException {
        if (tools.remote().isEmpty()) {
            lines.info(
                    "No URL provided, cache will not be downloaded from shared cache server. Instead a local version of cache will be extracted.");
            return true;
        }
        lines.info("Using presigned URL for cache download");
        return new RemoteArchive(
                        tools,
                        tools.remote().get(),
                        plan,
                        key,
                        TransferMeter.of(HelperEnvironment.of(plan), lines, tools.clock()),
                        lines)
                .download(local);
    }

    private boolean isExtracted(LocalCache local) throws IOException {
        if (local.modified().isEmpty()) {
            lines.warning("Cache file does not exist");
            return false;
        }
        try {
            new ArchiveExtractor(tools.threads())
                    .extract(local.archive(), Path.of(plan.directories().project()));
            return true;
        } catch (ArchiveException e) {
            local.distrust();
            throw e;
        }
    }

    private void removePartial() throws InterruptedIOException {
        if (!plan.flags().isOn(FeatureFlag.FF_CLEAN_UP_FAILED_CACHE_EXTRACT)) {
            return;
        }
        try {
            new ProjectPath(plan).remove(entry.paths(), lines);
        } catch (IOException | IllegalArgumentException e) {
            CacheStages.passOnInterrupt(e);
            lines.warning("could not remove the paths of the cache: " + e.getMessage());
        }
    }
}
