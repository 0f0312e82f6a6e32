package io.armrunner.plan;

import io.armrunner.spec.JobFailure;
import io.armrunner.spec.JobPayload;

/** Turns a payload into a plan. Pure and stateless: the same input gives the same plan. */
public final class PlanCompiler {
    private PlanCompiler() {}

    /**
     * The plan of one job.
     *
     * @throws JobFailure if the job cannot be run as a whole: unsupported {@code executor_opts}, a
     *     {@code run} list (runner-protocol §3.8.8, §10.3; both exit code 3), a {@code
     *     GIT_CLONE_PATH} that is not allowed. Its text is for the user
     */
    public static JobPlan compile(JobPayload payload, RunnerSettings settings, JobPlace place)
            throws JobFailure {
        PayloadRules.check(payload);
        return new PlanBuilder(payload, settings, place).build();
    }
}
