package io.armrunner.cli;

import io.armrunner.config.RunnerConfig;
import io.armrunner.local.HostShellLane;
import io.armrunner.protocol.ManagerInfo;
import java.util.HashSet;
import java.util.Set;

/**
 * What armrunner tells GitLab of itself. The same for every call of a runner: GitLab stores what it
 * hears first and believes that for an hour (runner-protocol §2.1).
 */
final class Identity {
    private Identity() {}

    /** The {@code info} of a runner. */
    static ManagerInfo of(RunnerConfig runner) {
        Version version = Version.current();
        Set<String> features = new HashSet<>(HostShellLane.FEATURES);
        if (!runner.executor().equals("shell")) {
            features.remove("shared");
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
