package io.armrunner.engine;

import io.armrunner.files.FileStages;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.Stage;
import io.armrunner.spec.JobFailure;
import io.armrunner.trace.JobLog;
import java.io.IOException;

/** Hands each stage that moves files to whoever does that kind. Called as the two are. */
public record CachesAndArtifacts(FileStages caches, FileStages artifacts) implements FileStages {
    @Override
    public void run(JobPlan plan, Stage stage, JobLog log)
            throws JobFailure, IOException, InterruptedException {
        switch (stage) {
            case Stage.RestoreCache _, Stage.ArchiveCache _ -> caches.run(plan, stage, log);
            case Stage.DownloadArtifacts _, Stage.UploadArtifacts _ ->
                    artifacts.run(plan, stage, log);
            case Stage.PrepareScript _,
                    Stage.GetSources _,
                    Stage.ClearWorktree _,
                    Stage.Step _,
                    Stage.AfterScript _,
                    Stage.Cleanup _ ->
                    throw new IllegalArgumentException(stage.id() + " moves no files");
        }
    }
}
