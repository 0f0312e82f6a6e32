package io.armrunner.engine;

import io.armrunner.plan.JobPlan;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.Variable;
import io.armrunner.trace.JobLog;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Fetches what a job's {@code secrets} name from the servers that keep it (runner-protocol
 * §3.8.14). Called once for a job that has any, on the job's thread, after the log's header and
 * before all stages; the job's time does not run yet. Safe for many jobs at once.
 */
@FunctionalInterface
public interface JobSecrets {
    /** For a runner that has no such servers: a job with secrets fails. */
    JobSecrets NONE =
            (plan, _, _) -> {
                throw new JobFailure(
                        FailureReason.RUNNER_CONFIGURATION_ERROR,
                        "The job uses `secrets`, which this runner cannot resolve: "
                                + String.join(", ", plan.payload().secrets().keySet()));
            };

    /**
     * The secrets as variables, masked and raw.
     *
     * @param plan of the job without its secrets; has the variables that the secrets refer to
     * @param stopped whether the job is to end; the rest is then left out
     * @throws JobFailure when a secret could not be had; its text is for the user and names the
     *     variable and the provider
     */
    List<Variable> resolve(JobPlan plan, JobLog log, BooleanSupplier stopped)
            throws JobFailure, InterruptedException;
}
