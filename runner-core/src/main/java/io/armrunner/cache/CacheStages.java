package io.armrunner.cache;

import io.armrunner.files.FileStages;
import io.armrunner.files.HelperEnvironment;
import io.armrunner.files.HelperLines;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.Stage;
import io.armrunner.plan.Stage.CacheEntry;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.trace.JobLog;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.List;
import java.util.Optional;

/**
 * The stages {@code restore_cache} and {@code archive_cache…} (job-semantics §7). One instance
 * serves all jobs of a runner; each call runs on its job's thread.
 */
public final class CacheStages implements FileStages {
    private final CacheTools tools;

    public CacheStages(CacheTools tools) {
        this.tools = tools;
    }

    /**
     * Does one of the two stages. Whatever becomes of a cache is in the log by then and no reason
     * for a job to fail.
     *
     * @throws JobFailure only for a {@code policy} that does not exist, before anything is done
     * @throws IllegalArgumentException for any other stage
     */
    @Override
    public void run(JobPlan plan, Stage stage, JobLog log) throws JobFailure, InterruptedException {
        try {
            switch (stage) {
                case Stage.RestoreCache restore -> restore(plan, restore.entries(), log);
                case Stage.ArchiveCache archive -> save(plan, archive.entries(), log);
                case Stage.PrepareScript _,
                        Stage.GetSources _,
                        Stage.ClearWorktree _,
                        Stage.DownloadArtifacts _,
                        Stage.Step _,
                        Stage.AfterScript _,
                        Stage.UploadArtifacts _,
                        Stage.Cleanup _ ->
                        throw new IllegalArgumentException(
                                stage.id() + " is no stage of the caches");
            }
        } catch (InterruptedIOException e) {
            InterruptedException interrupted = new InterruptedException(e.getMessage());
            interrupted.initCause(e);
            throw interrupted;
        }
    }

    private void restore(JobPlan plan, List<CacheEntry> entries, JobLog log)
            throws JobFailure, InterruptedException, InterruptedIOException {
        checkPolicies(entries);
        CacheKeys keys = new CacheKeys(plan, log::noticeWarning);
        for (CacheEntry entry : entries) {
            Optional<CacheKey> key = keys.own(entry);
            if (key.isEmpty()) {
                log.notice("Skipping cache extraction due to empty cache key");
            } else if (entry.policy().equals("push")) {
                log.notice("Not downloading cache " + key.get().human() + " due to policy");
            } else {
                CacheRestore restore = new CacheRestore(tools, plan, entry, new HelperLines(log));
                if (!restore.extract(key.get())) {
                    restoreFallback(restore, keys.fallbacks(entry));
                }
            }
        }
    }

    private static void restoreFallback(CacheRestore restore, List<CacheKey> keys)
            throws InterruptedException, InterruptedIOException {
        for (CacheKey key : keys) {
            if (restore.extract(key)) {
                return;
            }
        }
    }

    private void save(JobPlan plan, List<CacheEntry> entries, JobLog log)
            throws JobFailure, InterruptedException, InterruptedIOException {
        checkPolicies(entries);
        CacheKeys keys = new CacheKeys(plan, log::noticeWarning);
        for (CacheEntry entry : entries) {
            Optional<CacheKey> key = keys.own(entry);
            if (key.isEmpty()) {
                log.notice("Skipping cache archiving due to empty cache key");
            } else if (entry.policy().equals("pull")) {
                log.notice("Not uploading cache " + key.get().human() + " due to policy");
            } else {
                log.notice("Creating cache " + key.get().human() + "...");
                if (isSaved(plan, entry, key.get(), new HelperLines(log))) {
                    log.notice("Created cache");
                } else {
                    log.noticeWarning("Failed to create cache");
                }
            }
        }
    }

    private boolean isSaved(JobPlan plan, CacheEntry entry, CacheKey key, HelperLines lines)
            throws InterruptedException, InterruptedIOException {
        try {
            return new CacheSave(tools, plan, HelperEnvironment.of(plan), lines).save(entry, key);
        } catch (IOException | IllegalArgumentException e) {
            passOnInterrupt(e);
            lines.fatal(String.valueOf(e.getMessage()));
            return false;
        }
    }

    /** A file that was closed by an interrupt is no broken file. */
    static void passOnInterrupt(Exception failure) throws InterruptedIOException {
        if (failure instanceof InterruptedIOException interrupted) {
            throw interrupted;
        }
        if (failure instanceof ClosedByInterruptException) {
            InterruptedIOException interrupted =
                    new InterruptedIOException("interrupted while moving a cache");
            interrupted.initCause(failure);
            throw interrupted;
        }
    }

    // Of all entries, before the first one is touched: GitLab Runner finds out while it still
    // writes the stage's script.
    private static void checkPolicies(List<CacheEntry> entries) throws JobFailure {
        for (CacheEntry entry : entries) {
            switch (entry.policy()) {
                case "", "pull-push", "pull", "push" -> {}
                default ->
                        throw new JobFailure(
                                FailureReason.RUNNER_SYSTEM_FAILURE,
                                "unknown cache policy %s for %s"
                                        .formatted(entry.policy(), entry.key()));
            }
        }
    }
}
