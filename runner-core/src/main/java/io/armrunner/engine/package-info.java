/**
 * Runs one job from its payload to its final report.
 *
 * <p>{@link io.armrunner.engine.JobSession} owns the job's life: it accepts the job, opens the log,
 * compiles the plan, and tells GitLab how it ended. {@code StageRunner} walks the plan's stages,
 * {@code ScriptStage} follows one script to the end of its processes. {@link
 * io.armrunner.engine.StopSignal} carries cancel and abort from GitLab and from the manager's
 * shutdown to the job's thread; {@link io.armrunner.engine.Outcome} is how the job ended. A script
 * that fails is a result, not an exception. The engine is the same in the manager and in the agent
 * of a CodeBuild build.
 */
@NullMarked
package io.armrunner.engine;

import org.jspecify.annotations.NullMarked;
