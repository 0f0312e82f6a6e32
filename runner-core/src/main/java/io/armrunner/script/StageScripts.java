package io.armrunner.script;

import io.armrunner.lane.StageScript;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.Stage;
import io.armrunner.spec.JobFailure;
import java.util.Optional;

/**
 * The text of a stage's script. Pure; called on the job's thread, once for each attempt of a stage.
 */
public final class StageScripts {
    private StageScripts() {}

    /**
     * The script of a stage, or empty if the stage needs none: caches, artifacts, and a clean-up
     * that only deletes files are the engine's own work.
     *
     * @param jobStatus what the script sees as {@code CI_JOB_STATUS}: {@code running}, and from
     *     after_script on {@code success}, {@code failed}, {@code canceled} or {@code timedout}
     * @throws JobFailure if the stage cannot be written, such as for an unknown submodule strategy;
     *     the stage has then failed, inside its section (job-semantics §1.2)
     */
    public static Optional<StageScript> render(JobPlan plan, Stage stage, String jobStatus)
            throws JobFailure {
        return switch (stage) {
            case Stage.PrepareScript _ -> script(stage, Bodies.prepare(plan), plan);
            case Stage.GetSources _ -> script(stage, Bodies.getSources(plan, jobStatus), plan);
            case Stage.ClearWorktree _ -> script(stage, Bodies.clearWorktree(plan), plan);
            case Stage.Step step -> script(stage, Bodies.step(plan, step, jobStatus), plan);
            case Stage.AfterScript after ->
                    script(stage, Bodies.afterScript(plan, after, jobStatus), plan);
            case Stage.Cleanup cleanup ->
                    cleanup.script()
                            ? script(stage, Bodies.cleanup(plan, jobStatus), plan)
                            : Optional.empty();
            case Stage.RestoreCache _,
                    Stage.DownloadArtifacts _,
                    Stage.ArchiveCache _,
                    Stage.UploadArtifacts _ ->
                    Optional.empty();
        };
    }

    private static Optional<StageScript> script(Stage stage, String body, JobPlan plan) {
        return Optional.of(
                new StageScript(
                        stage.id(),
                        stage.place(),
                        Wrapper.wrap(body, plan.settings().shell(), plan.job().debugTrace())));
    }
}
