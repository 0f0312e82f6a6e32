package io.armrunner.local;

import io.armrunner.lane.Environment;
import io.armrunner.lane.EnvironmentLane;
import io.armrunner.plan.JobPlan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/** This host as a place for jobs. */
public final class HostShellLane implements EnvironmentLane {
    /**
     * What GitLab may expect of a host shell; only what is true, as GitLab words jobs by it
     * (runner-protocol §3.2, job-semantics §1.8).
     */
    public static final Set<String> FEATURES =
            Set.of(
                    "variables",
                    "shared",
                    "artifacts",
                    "artifacts_exclude",
                    "upload_multiple_artifacts",
                    "upload_raw_artifacts",
                    "cache",
                    "fallback_cache_keys",
                    "refspecs",
                    "masking",
                    "raw_variables",
                    "vault_secrets",
                    "job_inputs",
                    "multi_build_steps",
                    "trace_reset",
                    "trace_checksum",
                    "trace_size",
                    "cancelable",
                    "cancel_gracefully",
                    "return_exit_code",
                    "two_phase_job_commit");

    private static final int NONCE_BYTES = 16;

    private final String name;
    private final HostShellEnvironment.Host host;
    private final Optional<HostFitness> fitness;
    private final Path buildsRoot;
    private final Path cacheRoot;
    private final RandomGenerator random;

    /**
     * @param random not to be guessed by a job, safe for any thread
     */
    public HostShellLane(
            HostShellEnvironment.Host host,
            Path buildsRoot,
            Path cacheRoot,
            RandomGenerator random) {
        this("shell", host, Optional.empty(), buildsRoot, cacheRoot, random);
    }

    /**
     * @param name what the configuration calls the lane
     * @param fitness what the host must have left for a job; empty for a host that takes all
     * @param random not to be guessed by a job, safe for any thread
     */
    public HostShellLane(
            String name,
            HostShellEnvironment.Host host,
            Optional<HostFitness> fitness,
            Path buildsRoot,
            Path cacheRoot,
            RandomGenerator random) {
        this.name = name;
        this.host = host;
        this.fitness = fitness;
        this.buildsRoot = buildsRoot;
        this.cacheRoot = cacheRoot;
        this.random = random;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Optional<String> unfit() {
        if (!HostShellEnvironment.isInstalled(host, host.shell())) {
            return Optional.of("its shell \"" + host.shell() + "\" is not installed");
        }
        if (Files.exists(buildsRoot) && !Files.isWritable(buildsRoot)) {
            return Optional.of("its builds directory " + buildsRoot + " can't be written");
        }
        return fitness.flatMap(judge -> judge.unfit(buildsRoot));
    }

    @Override
    public Path buildsRoot() {
        return buildsRoot;
    }

    @Override
    public Path cacheRoot() {
        return cacheRoot;
    }

    @Override
    public boolean isDisposable() {
        return false;
    }

    @Override
    public Environment open(JobPlan plan, Path directory) {
        byte[] nonce = new byte[NONCE_BYTES];
        random.nextBytes(nonce);
        return new HostShellEnvironment(host, directory, HexFormat.of().formatHex(nonce));
    }
}
