package io.armrunner.files;

import io.armrunner.plan.JobPlan;
import io.armrunner.plan.Stage;
import io.armrunner.spec.JobFailure;
import io.armrunner.trace.JobLog;
import java.io.IOException;

/**
 * The stages that move files and are the runner's own work, not a shell's: caches and artifacts.
 *
 * <p>Called on the job's thread, once an attempt, inside the stage's section. An abort of the job
 * interrupts the thread.
 */
public interface FileStages {
    /**
     * Does the stage.
     *
     * @param stage one of {@link Stage.RestoreCache}, {@link Stage.DownloadArtifacts}, {@link
     *     Stage.ArchiveCache}, {@link Stage.UploadArtifacts}
     * @throws JobFailure if the stage failed, with what the log is to say
     */
    void run(JobPlan plan, Stage stage, JobLog log)
            throws JobFailure, IOException, InterruptedException;
}
