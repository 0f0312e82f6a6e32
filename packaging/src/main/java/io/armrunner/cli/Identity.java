package io.armrunner.cli;

import io.armrunner.config.RunnerConfig;
import io.armrunner.local.HostShellLane;
import io.armrunner.protocol.ManagerInfo;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What armrunner tells GitLab of itself. The same for every call of a runner: GitLab stores what it
 * hears first and believes that for an hour (runner-protocol §2.1).
 */
final class Identity {
    private Identity() {}

    /** The {@code info} of a runner. */
    static ManagerInfo of(RunnerConfig runner) {
        return of(runner.executor(), runner.shell(), runner.labels());
    }

    /** The {@code info} of a runner whose configuration is elsewhere. */
    static ManagerInfo of(String executor, String shell, Map<String, String> labels) {
        Version version = Version.current();
        Set<String> features = new HashSet<>(HostShellLane.FEATURES);
        if (!executor.equals("shell")) {
            features.remove("shared");
        }
        return new ManagerInfo(
                "armrunner",
                version.version(),
                version.revision(),
                "linux",
                Version.architecture(),
                executor,
                shell,
                features,
                labels);
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
