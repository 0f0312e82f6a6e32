package io.armrunner.plan;

import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Secret;
import io.armrunner.variables.FeatureFlags;
import io.armrunner.variables.JobSettings;
import io.armrunner.variables.JobVariables;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * All that the engine needs to run one job. Immutable.
 *
 * @param payload the job as GitLab sent it
 * @param settings the runner it came to
 * @param place where it runs
 * @param directories where its files are
 * @param variables the final list, expanded; a {@code file} entry holds its content
 * @param flags what the job got of the feature flags
 * @param job the variables that steer the runner, read
 * @param sources what {@code get_sources} does
 * @param masks values that must not be seen in the log, as the log's masker takes them
 * @param tokenPrefixes the payload's own prefixes after which a token must not be seen; the log has
 *     more of them
 * @param timeouts limits of the job and its parts
 * @param settingsWarning the entries for the one yellow warning before {@code prepare_executor}, to
 *     be joined by newlines
 * @param scriptTimeoutWarnings one warning line each, printed before the first step
 * @param operatorWarnings for the service's log, not for the job's
 * @param stages in the order of job-semantics §1.2; of a pair of archive or upload stages only one
 *     will run
 */
public record JobPlan(
        JobPayload payload,
        RunnerSettings settings,
        JobPlace place,
        Directories directories,
        JobVariables variables,
        FeatureFlags flags,
        JobSettings job,
        Sources sources,
        List<Secret> masks,
        List<String> tokenPrefixes,
        Timeouts timeouts,
        List<String> settingsWarning,
        List<String> scriptTimeoutWarnings,
        List<String> operatorWarnings,
        List<Stage> stages) {

    public JobPlan {
        masks = List.copyOf(masks);
        tokenPrefixes = List.copyOf(tokenPrefixes);
        settingsWarning = List.copyOf(settingsWarning);
        scriptTimeoutWarnings = List.copyOf(scriptTimeoutWarnings);
        operatorWarnings = List.copyOf(operatorWarnings);
        stages = List.copyOf(stages);
    }

    /** Whether each line of the log gets a time stamp; known before the first byte. */
    public boolean timestamps() {
        return flags.isOn(io.armrunner.variables.FeatureFlag.FF_TIMESTAMPS);
    }

    /** Whether the stages are marked as sections. */
    public boolean sections() {
        return payload.features().traceSections();
    }

    /** Whether the log's PATCH carries {@code debug_trace=true}. */
    public boolean debugTrace() {
        return job.debugTrace() || job.debugServices();
    }

    /**
     * The flags that differ from their default, {@code NAME:value} joined by {@code ", "}; empty
     * for none.
     */
    public String headerFeatureFlags() {
        return flags.changed();
    }

    /**
     * The first wait between two attempts of a stage; it doubles up to {@link #retryMaxDelay()}.
     */
    public Duration retryFirstDelay() {
        return Duration.ofSeconds(exponentialBackoff() ? 5 : 1);
    }

    /** The longest wait between two attempts of a stage. */
    public Duration retryMaxDelay() {
        return exponentialBackoff() ? Duration.ofMinutes(5) : Duration.ofSeconds(5);
    }

    private boolean exponentialBackoff() {
        return flags.isOn(
                io.armrunner.variables.FeatureFlag.FF_USE_EXPONENTIAL_BACKOFF_STAGE_RETRY);
    }

    @Override
    public String toString() {
        return "JobPlan[" + payload.id() + "]";
    }

    /**
     * Where the files of a job are; all absolute.
     *
     * @param builds the root of all working copies
     * @param project the working copy
     * @param temp beside it: file variables, git's external configuration, {@code GITLAB_ENV}
     * @param cache the project's local caches
     */
    public record Directories(String builds, String project, String temp, String cache) {}

    /**
     * Limits; each counts from the start of its own part, all within the job's.
     *
     * @param job from {@code prepare_executor} on
     * @param prepare {@code prepare_executor} and {@code prepare_script}
     * @param getSources all attempts of {@code get_sources}
     * @param script all {@code step_*} stages together; empty for no limit but the job's
     * @param afterScript {@code after_script}
     */
    public record Timeouts(
            Duration job,
            Duration prepare,
            Duration getSources,
            Optional<Duration> script,
            Duration afterScript) {}

    /** How the sources come (job-semantics §3). */
    public record Sources(
            Strategy strategy,
            Secret remoteUrl,
            boolean cleanGitConfig,
            boolean declareSafeDirectory) {
        /** What {@code GIT_STRATEGY} says. */
        public enum Strategy {
            CLONE,
            FETCH,
            NONE,
            EMPTY
        }
    }
}
