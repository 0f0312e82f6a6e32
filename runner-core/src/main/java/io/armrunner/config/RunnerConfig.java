package io.armrunner.config;

import io.armrunner.spec.Secret;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One {@code [[runners]]} entry (job-semantics §10.2). The names are GitLab Runner's keys; defaults
 * are filled in.
 *
 * @param name what the entry is called; {@code register} takes the host's name unless told
 *     otherwise
 * @param url the GitLab instance, with environment variables expanded
 * @param token the runner's token, with environment variables expanded, or fetched from where the
 *     file says; empty means that this entry is to be skipped
 * @param tokenSource where the token is from
 * @param id GitLab's id of the runner, 0 when not known
 * @param tokenObtainedAt when the token was handed out
 * @param tokenExpiresAt when the token ends; empty means never
 * @param limit how many jobs of this runner may run at once, 0 for no limit
 * @param requestConcurrency how many requests for a job may be open at once
 * @param strictCheckInterval whether to wait for the interval after a job as well
 * @param outputLimit how long a job's log may become, in KiB
 * @param outputEnd how much of the end of a longer one GitLab gets as well, in KiB
 * @param outputKept how much of a job's log stays on this machine's disk, in KiB
 * @param unhealthyRequestsLimit how many requests must fail in a row before polling pauses
 * @param unhealthyInterval how long polling pauses then
 * @param jobStatusFinalUpdateRetryLimit how often the final report is sent again
 * @param executor where jobs run: {@code shell}, {@code docker}, …
 * @param shell what runs scripts: {@code bash}, {@code sh}
 * @param buildsDir where projects are checked out; the environment has a default
 * @param cacheDir where caches are kept; the environment has a default
 * @param cloneUrl what replaces the instance's URL in git remotes
 * @param environment {@code KEY=value} lines in order, as written
 * @param prepareTimeout the limit of preparing the environment; the job's own when empty
 * @param getSourcesTimeout the limit of getting the sources; the job's own when empty
 * @param debugTraceDisabled whether {@code CI_DEBUG_TRACE} has no effect
 * @param safeDirectoryCheckout whether git is told to trust the checkout; on unless the executor is
 *     {@code shell}
 * @param cleanGitConfig whether git's own configuration is removed before a fetch; the executor
 *     decides when empty
 * @param labels this runner's labels over the global ones
 * @param customBuildDirEnabled whether {@code GIT_CLONE_PATH} may be used; the executor decides
 *     when empty
 * @param featureFlags flags set here beat the job's variables
 * @param docker the {@code [runners.docker]} table, checked but not interpreted
 * @param custom the {@code [runners.custom]} table, checked but not interpreted
 * @param lanes where jobs run, in the order in which they are tried; none means one place, which
 *     {@code executor} names
 */
public record RunnerConfig(
        String name,
        String url,
        Secret token,
        TokenSource tokenSource,
        long id,
        Optional<Instant> tokenObtainedAt,
        Optional<Instant> tokenExpiresAt,
        Optional<Path> tlsCaFile,
        Optional<Path> tlsCertFile,
        Optional<Path> tlsKeyFile,
        int limit,
        int requestConcurrency,
        boolean strictCheckInterval,
        int outputLimit,
        int outputEnd,
        int outputKept,
        int unhealthyRequestsLimit,
        Duration unhealthyInterval,
        int jobStatusFinalUpdateRetryLimit,
        String executor,
        String shell,
        Optional<String> buildsDir,
        Optional<String> cacheDir,
        Optional<String> cloneUrl,
        List<String> environment,
        Optional<String> preGetSourcesScript,
        Optional<String> postGetSourcesScript,
        Optional<String> preBuildScript,
        Optional<String> postBuildScript,
        Optional<Duration> prepareTimeout,
        Optional<Duration> getSourcesTimeout,
        boolean debugTraceDisabled,
        boolean safeDirectoryCheckout,
        Optional<Boolean> cleanGitConfig,
        Map<String, String> labels,
        Optional<Boolean> customBuildDirEnabled,
        Map<String, Boolean> featureFlags,
        ArtifactTimeouts artifact,
        CacheConfig cache,
        Settings docker,
        Settings custom,
        List<LaneConfig> lanes) {
    public RunnerConfig {
        environment = List.copyOf(environment);
        labels = Ordered.copyOf(labels);
        featureFlags = Ordered.copyOf(featureFlags);
        lanes = List.copyOf(lanes);
    }

    /** {@code [runners.artifact]}: the limits of an upload. */
    public record ArtifactTimeouts(Duration uploadTimeout, Duration responseHeaderTimeout) {}

    // The environment's lines and hook scripts may hold a password, so a log line never gets them
    // by way of this text.
    @Override
    public String toString() {
        return "RunnerConfig[name=" + name + ", url=" + url + ", executor=" + executor + "]";
    }
}
