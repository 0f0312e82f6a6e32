package io.armrunner.config;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The whole of {@code config.toml} (job-semantics §10.1). Defaults are filled in; environment
 * variables in URLs and tokens are expanded.
 *
 * @param concurrent how many jobs may run at once over all runners, at least 1
 * @param checkInterval how often each runner asks for a job
 * @param logLevel the level the file asks for; the command line comes first
 * @param logFormat the log format the file asks for; the command line comes first
 * @param listenAddress where metrics are to be served
 * @param connectionMaxAge how long a kept-alive connection to GitLab is used
 * @param shutdownTimeout how long a forceful shutdown may take
 * @param handsOver whether SIGTERM leaves running jobs to the next process instead of ending them
 * @param labels labels of every runner; a runner's own labels are merged over them in {@link
 *     RunnerConfig#labels()}
 * @param user whom jobs run as, when the process is root
 * @param sessionServer the interactive terminal's server
 * @param operation what the operator sees and how much of the disk is used
 * @param runners the {@code [[runners]]} entries in the order of the file
 */
public record Config(
        int concurrent,
        Duration checkInterval,
        Optional<String> logLevel,
        Optional<String> logFormat,
        Optional<String> listenAddress,
        Duration connectionMaxAge,
        Duration shutdownTimeout,
        boolean handsOver,
        Map<String, String> labels,
        Optional<String> user,
        SessionServer sessionServer,
        Operation operation,
        List<RunnerConfig> runners) {
    public Config {
        labels = Ordered.copyOf(labels);
        runners = List.copyOf(runners);
    }

    /** {@code [session_server]}: the interactive terminal; off without a listen address. */
    public record SessionServer(
            Optional<String> listenAddress,
            Optional<String> advertiseAddress,
            Duration sessionTimeout) {}

    /**
     * Keys of armrunner's own about its operation.
     *
     * @param minFreeDiskMib below this much free space no job is asked for, 0 for never
     * @param keptLogsMib how much the logs of ended jobs may take, 0 for keeping none
     * @param keptLogsAge how long the log of an ended job is kept
     * @param statusLogs whether the status page shows logs; empty for only on this machine
     */
    public record Operation(
            int minFreeDiskMib,
            int keptLogsMib,
            Duration keptLogsAge,
            Optional<Boolean> statusLogs) {
        /** What counts where the file says nothing. */
        public static final Operation DEFAULT =
                new Operation(512, 256, Duration.ofDays(7), Optional.empty());
    }
}
