package io.armrunner.plan;

import io.armrunner.spec.JobFailure;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Variable;
import io.armrunner.variables.FeatureFlag;
import io.armrunner.variables.FeatureFlags;
import io.armrunner.variables.JobVariables;
import java.util.List;

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
        return compile(payload, settings, place, List.of());
    }

    /**
     * The same, with what the job's {@code secrets} were resolved to.
     *
     * @param secrets variables that stand behind the job's own
     */
    public static JobPlan compile(
            JobPayload payload, RunnerSettings settings, JobPlace place, List<Variable> secrets)
            throws JobFailure {
        PayloadRules.check(payload);
        return new PlanBuilder(interpolated(payload, settings), settings, place, secrets).build();
    }

    private static JobPayload interpolated(JobPayload payload, RunnerSettings settings)
            throws JobFailure {
        if (payload.inputs().isEmpty()) {
            return payload;
        }
        List<Variable> variables = VariableRules.environment(settings);
        variables.addAll(payload.variables());
        return FeatureFlags.resolve(settings.featureFlags(), JobVariables.of(variables, ""))
                        .isOn(FeatureFlag.FF_ENABLE_JOB_INPUTS_INTERPOLATION)
                ? JobInputs.interpolate(payload)
                : payload;
    }
}
