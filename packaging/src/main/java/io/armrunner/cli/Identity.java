package io.armrunner.cli;

import io.armrunner.config.RunnerConfig;
import io.armrunner.protocol.ManagerInfo;
import java.util.HashSet;
import java.util.Set;

/**
 * What armrunner tells GitLab of itself. The same for every call of a runner: GitLab stores what it
 * hears first and believes that for an hour (runner-protocol §2.1).
 */
final class Identity {
    /**
     * What every executor does; a promise that is not kept makes GitLab format jobs wrongly
     * (job-semantics §1.8).
     */
    private static final Set<String> COMMON =
            Set.of(
                    "variables",
                    "artifacts",
                    "upload_multiple_artifacts",
                    "upload_raw_artifacts",
                    "artifacts_exclude",
                    "cache",
                    "fallback_cache_keys",
                    "refspecs",
                    "masking",
                    "raw_variables",
                    "multi_build_steps",
                    "return_exit_code",
                    "trace_reset",
                    "trace_checksum",
                    "trace_size",
                    "cancelable",
                    "cancel_gracefully",
                    "two_phase_job_commit");

    private Identity() {}

    /** The {@code info} of a runner. */
    static ManagerInfo of(RunnerConfig runner) {
        Version version = Version.current();
        Set<String> features = new HashSet<>(COMMON);
        if (runner.executor().equals("shell")) {
            features.add("shared");
        }
        return new ManagerInfo(
                "armrunner",
                version.version(),
                version.revision(),
                "linux",
                Version.architecture(),
                runner.executor(),
                runner.shell(),
                features,
                runner.labels());
    }

    /** The {@code User-Agent} of every call. */
    static String userAgent() {
        Version version = Version.current();
        return "armrunner %s (%s; java%d; linux/%s)"
                .formatted(
                        version.version(),
                        version.revision(),
                        Runtime.version().feature(),
                        Version.architecture());
    }
}
