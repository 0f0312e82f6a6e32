package io.armrunner.plan;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What of one {@code [[runners]]} entry matters for a job (job-semantics §10.2), plus what this
 * product calls itself. Immutable; one instance serves all jobs of the runner.
 *
 * @param name the runner's name, for the log's second line
 * @param shortToken the token's short form; it is part of paths
 * @param systemId this manager's id, {@code s_…} or {@code r_…}
 * @param url GitLab's base URL
 * @param cloneUrl the base URL to fetch from instead, empty for the one in the payload
 * @param executor the word of the configuration, {@code shell} or {@code docker}; it stands in the
 *     log
 * @param shell {@code bash} or {@code sh}
 * @param environment {@code KEY=VALUE} entries, weaker than the job's variables
 * @param preGetSourcesScript run before the sources come, empty for none; so the three others at
 *     their places
 * @param featureFlags flags that this runner fixes, stronger than the job's variables; unknown
 *     names are passed over
 * @param prepareTimeout limit of the preparation, empty for the job's
 * @param getSourcesTimeout limit of all attempts to get the sources, empty for the job's
 * @param debugTraceDisabled whether {@code CI_DEBUG_TRACE} and {@code CI_DEBUG_SERVICES} have no
 *     effect
 * @param customBuildDirEnabled whether {@code GIT_CLONE_PATH} may be used; empty for the executor's
 *     default
 * @param cleanGitConfig whether the git configuration of an earlier job is removed; empty for the
 *     executor's default
 * @param safeDirectoryCheckout whether the project directory is declared safe to git; empty for the
 *     executor's default
 * @param output the limits of a job's log
 * @param product name, version, revision and architecture for header and variables
 */
public record RunnerSettings(
        String name,
        String shortToken,
        String systemId,
        String url,
        String cloneUrl,
        String executor,
        String shell,
        List<String> environment,
        String preGetSourcesScript,
        String postGetSourcesScript,
        String preBuildScript,
        String postBuildScript,
        Map<String, Boolean> featureFlags,
        Optional<Duration> prepareTimeout,
        Optional<Duration> getSourcesTimeout,
        boolean debugTraceDisabled,
        Optional<Boolean> customBuildDirEnabled,
        Optional<Boolean> cleanGitConfig,
        Optional<Boolean> safeDirectoryCheckout,
        Output output,
        Product product) {

    public RunnerSettings {
        environment = List.copyOf(environment);
        featureFlags = Map.copyOf(featureFlags);
    }

    /**
     * Settings with nothing but what a runner must have; the rest as if the configuration did not
     * mention it.
     */
    public static RunnerSettings minimal(
            String name,
            String shortToken,
            String systemId,
            String url,
            String executor,
            Product product) {
        return new RunnerSettings(
                name,
                shortToken,
                systemId,
                url,
                "",
                executor,
                "bash",
                List.of(),
                "",
                "",
                "",
                "",
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                false,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Output.DEFAULT,
                product);
    }

    /** The same for jobs whose sources are elsewhere. */
    public RunnerSettings withCloneUrl(String base) {
        return with(base, executor, shell, environment, product);
    }

    /**
     * The same for jobs that run elsewhere.
     *
     * @param where the executor's word
     * @param architecture of the machine there, in Go's words
     * @param more {@code KEY=VALUE} entries beneath those of the configuration
     */
    public RunnerSettings elsewhere(String where, String architecture, List<String> more) {
        List<String> all = new ArrayList<>(more);
        all.addAll(environment);
        return with(
                cloneUrl,
                where,
                shell,
                all,
                new Product(product.name(), product.version(), product.revision(), architecture));
    }

    /** The same with another shell, for a place that does not have the one that is configured. */
    public RunnerSettings withShell(String other) {
        return with(cloneUrl, executor, other, environment, product);
    }

    private RunnerSettings with(
            String otherCloneUrl,
            String otherExecutor,
            String otherShell,
            List<String> otherEnvironment,
            Product otherProduct) {
        return new RunnerSettings(
                name,
                shortToken,
                systemId,
                url,
                otherCloneUrl,
                otherExecutor,
                otherShell,
                otherEnvironment,
                preGetSourcesScript,
                postGetSourcesScript,
                preBuildScript,
                postBuildScript,
                featureFlags,
                prepareTimeout,
                getSourcesTimeout,
                debugTraceDisabled,
                customBuildDirEnabled,
                cleanGitConfig,
                safeDirectoryCheckout,
                output,
                otherProduct);
    }

    /**
     * The limits of a job's log, in KiB.
     *
     * @param limitKib what GitLab gets while the job runs
     * @param endKib what GitLab gets of the end of a longer one, 0 for nothing
     * @param keptKib what stays on the runner's disk
     */
    public record Output(int limitKib, int endKib, int keptKib) {
        /** GitLab Runner's limit, 64 KiB of the end, 64 MiB on the disk. */
        public static final Output DEFAULT = new Output(4096, 64, 64 * 1024);
    }

    /**
     * What runs the job.
     *
     * @param name the product, as in {@code Running with <name> <version> (<revision>)}
     * @param version its version
     * @param revision the commit it was built from, 8 characters
     * @param architecture where it runs, in Go's words: {@code linux/arm64}
     */
    public record Product(String name, String version, String revision, String architecture) {}
}
