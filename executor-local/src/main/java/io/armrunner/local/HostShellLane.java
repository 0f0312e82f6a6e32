package io.armrunner.local;

import io.armrunner.lane.Environment;
import io.armrunner.lane.Lane;
import io.armrunner.plan.JobPlan;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Set;
import java.util.random.RandomGenerator;

/** This host as a place for jobs. */
public final class HostShellLane implements Lane {
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

    private final HostShellEnvironment.Host host;
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
        this.host = host;
        this.buildsRoot = buildsRoot;
        this.cacheRoot = cacheRoot;
        this.random = random;
    }

    @Override
    public String name() {
        return "shell";
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
