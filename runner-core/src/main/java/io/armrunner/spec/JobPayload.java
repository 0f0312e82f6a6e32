package io.armrunner.spec;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A job as {@code POST /jobs/request} hands it out (runner-protocol §3.8). Every list is in the
 * order of the wire, which matters for variables and steps.
 */
public record JobPayload(
        long id,
        Secret token,
        @JsonProperty("allow_git_fetch") boolean allowGitFetch,
        @JsonProperty("job_info") JobInfo jobInfo,
        @JsonProperty("git_info") GitInfo gitInfo,
        @JsonProperty("runner_info") RunnerInfo runnerInfo,
        List<JsonNode> inputs,
        List<Variable> variables,
        List<Step> steps,
        String run,
        List<Hook> hooks,
        @Nullable Image image,
        List<Image> services,
        List<Artifacts> artifacts,
        List<Cache> cache,
        List<Credentials> credentials,
        List<Dependency> dependencies,
        ServerFeatures features,
        Map<String, JsonNode> secrets,
        @JsonProperty("policy_options") @Nullable PolicyOptions policyOptions) {
    public JobPayload(
            long id,
            @Nullable Secret token,
            @JsonProperty("allow_git_fetch") boolean allowGitFetch,
            @JsonProperty("job_info") @Nullable JobInfo jobInfo,
            @JsonProperty("git_info") @Nullable GitInfo gitInfo,
            @JsonProperty("runner_info") @Nullable RunnerInfo runnerInfo,
            @Nullable List<@Nullable JsonNode> inputs,
            @Nullable List<@Nullable Variable> variables,
            @Nullable List<@Nullable Step> steps,
            @Nullable String run,
            @Nullable List<@Nullable Hook> hooks,
            @Nullable Image image,
            @Nullable List<@Nullable Image> services,
            @Nullable List<@Nullable Artifacts> artifacts,
            @Nullable List<@Nullable Cache> cache,
            @Nullable List<@Nullable Credentials> credentials,
            @Nullable List<@Nullable Dependency> dependencies,
            @Nullable ServerFeatures features,
            @Nullable Map<String, @Nullable JsonNode> secrets,
            @JsonProperty("policy_options") @Nullable PolicyOptions policyOptions) {
        this.id = id;
        this.token = Absent.secret(token);
        this.allowGitFetch = allowGitFetch;
        this.jobInfo = jobInfo == null ? JobInfo.EMPTY : jobInfo;
        this.gitInfo = gitInfo == null ? GitInfo.EMPTY : gitInfo;
        this.runnerInfo = runnerInfo == null ? RunnerInfo.EMPTY : runnerInfo;
        this.inputs = Absent.list(inputs);
        this.variables = Absent.list(variables);
        this.steps = Absent.list(steps);
        this.run = Absent.string(run);
        this.hooks = Absent.list(hooks);
        this.image = image;
        this.services = Absent.list(services);
        this.artifacts = Absent.list(artifacts);
        this.cache = Absent.list(cache);
        this.credentials = Absent.list(credentials);
        this.dependencies = Absent.list(dependencies);
        this.features = features == null ? ServerFeatures.EMPTY : features;
        this.secrets = Absent.map(secrets);
        this.policyOptions = policyOptions;
    }

    /** The same job with other variables. */
    public JobPayload withVariables(List<Variable> changed) {
        return new JobPayload(
                id,
                token,
                allowGitFetch,
                jobInfo,
                gitInfo,
                runnerInfo,
                List.copyOf(inputs),
                List.copyOf(changed),
                List.copyOf(steps),
                run,
                List.copyOf(hooks),
                image,
                List.copyOf(services),
                List.copyOf(artifacts),
                List.copyOf(cache),
                List.copyOf(credentials),
                List.copyOf(dependencies),
                features,
                Map.copyOf(secrets),
                policyOptions);
    }

    /** Only what the job is: not what it does. For a job whose payload is on the disk. */
    public JobPayload name() {
        return new JobPayload(
                id,
                token,
                allowGitFetch,
                jobInfo,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                features,
                null,
                null);
    }
}
