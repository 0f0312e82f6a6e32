package io.armrunner.cli;

import io.armrunner.engine.FileStages;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.Stage;
import io.armrunner.spec.JobFailure;
import io.armrunner.trace.JobLog;
import java.io.IOException;

/** Hands each stage that moves files to the part of the runner that does it. */
final class JobFiles implements FileStages {
    private final FileStages artifacts;

    JobFiles(FileStages artifacts) {
        this.artifacts = artifacts;
    }

    @Override
    public void run(JobPlan plan, Stage stage, JobLog log)
            throws JobFailure, IOException, InterruptedException {
        switch (stage) {
            case Stage.UploadArtifacts _, Stage.DownloadArtifacts _ ->
                    artifacts.run(plan, stage, log);
            case Stage.RestoreCache _, Stage.ArchiveCache _ ->
                    log.warning(
                            stage.id()
                                    + ": this version of armrunner keeps no caches; the job goes on without");
            case Stage.PrepareScript _,
                    Stage.GetSources _,
                    Stage.ClearWorktree _,
                    Stage.Step _,
                    Stage.AfterScript _,
                    Stage.Cleanup _ ->
                    throw new IllegalArgumentException(stage.id() + " is a script's stage");
        }
    }
}
