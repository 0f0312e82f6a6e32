/**
 * What a job will do, decided before anything is done.
 *
 * <p>{@link io.armrunner.plan.PlanCompiler} turns the payload, the runner's {@link
 * io.armrunner.plan.RunnerSettings} and the {@link io.armrunner.plan.JobPlace} that was given to
 * the job into a {@link io.armrunner.plan.JobPlan}: directories, final variables, masks, time-outs
 * and the {@link io.armrunner.plan.Stage}s in their order (job-semantics §1.2). It is pure: no
 * clock, no disk, no network, so that a plan can be compared with a file. What is wrong with a job
 * as a whole ends here as a {@link io.armrunner.spec.JobFailure}; what GitLab Runner reports inside
 * a section (an unknown submodule strategy, an unknown cache policy) stays in the stage and fails
 * there.
 */
@NullMarked
package io.armrunner.plan;

import org.jspecify.annotations.NullMarked;
