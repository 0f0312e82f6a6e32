package io.armrunner.cli;

import io.armrunner.config.Config;
import io.armrunner.config.ConfigException;
import io.armrunner.config.ConfigReader;
import io.armrunner.config.ConfigText;
import io.armrunner.config.RunnerConfig;
import io.armrunner.config.RunnerEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** {@code armrunner run-single}: one runner, one job at a time. Runs on the main thread. */
final class RunSingleService implements Work<RunSingleCommand> {
    private final Surroundings surroundings;

    RunSingleService(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public int run(RunSingleCommand command)
            throws ConfigException, IOException, InterruptedException, UserError {
        Path directory =
                Optional.ofNullable(
                                surroundings
                                        .configFile(command.config())
                                        .path()
                                        .toAbsolutePath()
                                        .getParent())
                        .orElse(Path.of("/"));
        Config config = withOnly(config(command), command);
        Optional<Duration> idle =
                command.waitTimeout() > 0
                        ? Optional.of(Duration.ofSeconds(command.waitTimeout()))
                        : Optional.empty();
        return new RunService(surroundings)
                .serve(
                        config,
                        directory,
                        surroundings.workingDirectory(),
                        config.user(),
                        // The file's address is the service's.
                        Optional.empty(),
                        new RunService.Bounds(command.maxBuilds(), idle),
                        Optional.empty());
    }

    private Config config(RunSingleCommand command) throws ConfigException, UserError {
        if (command.runner().isPresent()) {
            return surroundings.configFile(command.config()).load().config();
        }
        if (command.url().isEmpty() || command.token().isEmpty()) {
            throw new UserError(
                    "run-single needs --url and --token, or --runner with the name of a runner of the configuration file");
        }
        RunnerEntry entry = new RunnerEntry();
        entry.set("name", surroundings.hostName().get());
        entry.set("url", command.url().get());
        entry.set("token", command.token().value());
        entry.set("executor", command.executor());
        if (command.buildsDir().isPresent()) {
            entry.set("builds_dir", command.buildsDir().get().toString());
        }
        if (command.cacheDir().isPresent()) {
            entry.set("cache_dir", command.cacheDir().get().toString());
        }
        ConfigText text = ConfigText.empty("run-single").withRunner(entry);
        return ConfigReader.read(text.text(), "run-single", surroundings.environment()).config();
    }

    private static Config withOnly(Config config, RunSingleCommand command) throws UserError {
        List<RunnerConfig> chosen =
                command.runner()
                        .map(name ->
                                config.runners().stream()
                                        .filter(runner -> runner.name().equals(name))
                                        .toList())
                        .orElse(config.runners());
        if (chosen.isEmpty()) {
            throw new UserError(
                    "no runner of the configuration file is called \"%s\"; there are: %s"
                            .formatted(
                                    command.runner().orElse(""),
                                    config.runners().stream().map(RunnerConfig::name).toList()));
        }
        return new Config(
                1,
                config.checkInterval(),
                config.logLevel(),
                config.logFormat(),
                config.listenAddress(),
                config.connectionMaxAge(),
                Duration.ofSeconds(command.shutdownTimeout()),
                false,
                config.labels(),
                config.user(),
                config.sessionServer(),
                config.operation(),
                List.of(chosen.getFirst()));
    }
}
