package io.armrunner.artifacts;

import io.armrunner.files.FileStages;
import io.armrunner.files.HelperEnvironment;
import io.armrunner.files.HelperLines;
import io.armrunner.files.TransferMeter;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.Stage;
import io.armrunner.spec.Artifacts;
import io.armrunner.spec.Dependency;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.trace.JobLog;
import java.io.IOException;
import java.io.InterruptedIOException;

/**
 * The stages {@code download_artifacts} and {@code upload_artifacts_…} (job-semantics §6). One
 * instance serves all jobs of a runner; each call runs on its job's thread.
 */
public final class ArtifactStages implements FileStages {
    private final StageTools tools;

    public ArtifactStages(StageTools tools) {
        this.tools = tools;
    }

    /**
     * Does one of the two stages.
     *
     * @throws JobFailure with exit code 1, as the tool ends with which GitLab Runner does this;
     *     what went wrong is in the log by then
     * @throws IllegalArgumentException for any other stage
     */
    @Override
    public void run(JobPlan plan, Stage stage, JobLog log)
            throws JobFailure, IOException, InterruptedException {
        switch (stage) {
            case Stage.UploadArtifacts upload -> upload(plan, upload, log);
            case Stage.DownloadArtifacts download -> download(plan, download, log);
            case Stage.PrepareScript _,
                    Stage.GetSources _,
                    Stage.ClearWorktree _,
                    Stage.RestoreCache _,
                    Stage.Step _,
                    Stage.AfterScript _,
                    Stage.ArchiveCache _,
                    Stage.Cleanup _ ->
                    throw new IllegalArgumentException(
                            stage.id() + " is no stage of the artifacts");
        }
    }

    private void upload(JobPlan plan, Stage.UploadArtifacts stage, JobLog log)
            throws JobFailure, IOException, InterruptedException {
        HelperLines lines = new HelperLines(log);
        for (Artifacts entry : stage.entries()) {
            log.notice("Uploading artifacts...");
            HelperEnvironment environment;
            try {
                environment = HelperEnvironment.of(plan);
            } catch (IllegalArgumentException e) {
                throw failed(lines, String.valueOf(e.getMessage()));
            }
            try {
                new ArtifactUpload(tools, plan, environment, lines).send(entry);
            } catch (InterruptedIOException e) {
                throw interrupted(e);
            }
        }
    }

    private void download(JobPlan plan, Stage.DownloadArtifacts stage, JobLog log)
            throws JobFailure, IOException, InterruptedException {
        HelperLines lines = new HelperLines(log);
        for (Dependency dependency : stage.dependencies()) {
            log.notice(
                    "Downloading artifacts for "
                            + dependency.name()
                            + " ("
                            + dependency.id()
                            + ")...");
            try {
                new ArtifactDownload(
                                tools,
                                plan,
                                TransferMeter.of(HelperEnvironment.of(plan), lines, tools.clock()),
                                lines)
                        .fetch(dependency);
            } catch (IllegalArgumentException e) {
                throw failed(lines, String.valueOf(e.getMessage()));
            } catch (InterruptedIOException e) {
                throw interrupted(e);
            }
        }
    }

    /** Says why in the log and makes the failure of the stage. */
    static JobFailure failed(HelperLines lines, String why) {
        lines.fatal(why);
        return new JobFailure(FailureReason.SCRIPT_FAILURE, "exit status 1", 1);
    }

    private static InterruptedException interrupted(InterruptedIOException cause) {
        InterruptedException interrupted = new InterruptedException(cause.getMessage());
        interrupted.initCause(cause);
        return interrupted;
    }
}
