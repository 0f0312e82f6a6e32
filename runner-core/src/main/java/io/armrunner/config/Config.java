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
 * @param labels labels of every runner; a runner's own labels are merged over them in {@link
 *     RunnerConfig#labels()}
 * @param user whom jobs run as, when the process is root
 * @param sessionServer the interactive terminal's server
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
        Map<String, String> labels,
        Optional<String> user,
        SessionServer sessionServer,
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
}
