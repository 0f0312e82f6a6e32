/**
 * Runs one job from its payload to its final report.
 *
 * <p>{@code JobSession} owns the job's life, {@code StageRunner} walks the plan, {@code StopSignal}
 * carries cancel and abort, {@code Outcome} is how it ended. The engine is the same in the manager
 * and in the agent of a CodeBuild build.
 */
@NullMarked
package io.armrunner.engine;

import org.jspecify.annotations.NullMarked;
