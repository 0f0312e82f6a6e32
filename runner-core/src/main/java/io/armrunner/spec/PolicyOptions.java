package io.armrunner.spec;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which pipeline execution policy made the job, for the log only (runner-protocol §3.8.15). */
public record PolicyOptions(
        @JsonProperty("execution_policy_job") boolean executionPolicyJob,
        @JsonProperty("policy_name") String policyName,
        @JsonProperty("policy_variables_override_allowed")
                @Nullable Boolean policyVariablesOverrideAllowed,
        @JsonProperty("policy_variables_override_exceptions")
                List<String> policyVariablesOverrideExceptions) {
    public PolicyOptions(
            @JsonProperty("execution_policy_job") boolean executionPolicyJob,
            @JsonProperty("policy_name") @Nullable String policyName,
            @JsonProperty("policy_variables_override_allowed")
                    @Nullable Boolean policyVariablesOverrideAllowed,
            @JsonProperty("policy_variables_override_exceptions")
                    @Nullable List<@Nullable String> policyVariablesOverrideExceptions) {
        this.executionPolicyJob = executionPolicyJob;
        this.policyName = Absent.string(policyName);
        this.policyVariablesOverrideAllowed = policyVariablesOverrideAllowed;
        this.policyVariablesOverrideExceptions = Absent.list(policyVariablesOverrideExceptions);
    }
}
