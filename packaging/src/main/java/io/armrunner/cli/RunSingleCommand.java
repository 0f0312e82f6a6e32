package io.armrunner.cli;

import io.armrunner.spec.Secret;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code armrunner run-single}: one runner, from flags or picked out of the file by its name. */
@Command(
        name = "run-single",
        description = "Runs jobs of one runner, without the rest of the configuration.")
final class RunSingleCommand implements Callable<Integer> {
    private final Work<RunSingleCommand> work;
    @Mixin private final ConfigOption config = new ConfigOption();

    @Option(
            names = {"-r", "--runner"},
            paramLabel = "NAME",
            description = "The runner of the configuration file to run.")
    private @Nullable String runner;

    @Option(
            names = {"-u", "--url"},
            descriptionKey = "CI_SERVER_URL",
            paramLabel = "URL",
            description = "The GitLab instance. [$CI_SERVER_URL]")
    private @Nullable String url;

    @Option(
            names = {"-t", "--token"},
            descriptionKey = "CI_SERVER_TOKEN",
            paramLabel = "TOKEN",
            description = "The runner's token. [$CI_SERVER_TOKEN]")
    private @Nullable String token;

    @Option(
            names = "--executor",
            descriptionKey = "RUNNER_EXECUTOR",
            defaultValue = "shell",
            paramLabel = "NAME",
            description = "Where jobs run. [$RUNNER_EXECUTOR]")
    private String executor = "shell";

    @Option(
            names = "--builds-dir",
            descriptionKey = "RUNNER_BUILDS_DIR",
            paramLabel = "DIR",
            description = "Where projects are checked out. [$RUNNER_BUILDS_DIR]")
    private @Nullable Path buildsDir;

    @Option(
            names = "--cache-dir",
            descriptionKey = "RUNNER_CACHE_DIR",
            paramLabel = "DIR",
            description = "Where caches are kept. [$RUNNER_CACHE_DIR]")
    private @Nullable Path cacheDir;

    @Option(
            names = "--max-builds",
            defaultValue = "0",
            paramLabel = "N",
            description = "Ends after so many jobs; 0 never does.")
    private int maxBuilds;

    @Option(
            names = "--wait-timeout",
            defaultValue = "0",
            paramLabel = "SECONDS",
            description = "Ends after so long without a job; 0 never does.")
    private int waitTimeout;

    @Option(
            names = "--shutdown-timeout",
            defaultValue = "0",
            paramLabel = "SECONDS",
            description = "How long a forceful shutdown may take; 0 is 30.")
    private int shutdownTimeout;

    RunSingleCommand(Work<RunSingleCommand> work) {
        this.work = work;
    }

    Optional<Path> config() {
        return config.path();
    }

    Optional<String> runner() {
        return Optional.ofNullable(runner);
    }

    Optional<String> url() {
        return Optional.ofNullable(url);
    }

    Secret token() {
        return Secret.of(token);
    }

    String executor() {
        return executor;
    }

    Optional<Path> buildsDir() {
        return Optional.ofNullable(buildsDir);
    }

    Optional<Path> cacheDir() {
        return Optional.ofNullable(cacheDir);
    }

    int maxBuilds() {
        return maxBuilds;
    }

    int waitTimeout() {
        return waitTimeout;
    }

    int shutdownTimeout() {
        return shutdownTimeout <= 0 ? 30 : shutdownTimeout;
    }

    @Override
    public Integer call() throws Exception {
        return work.run(this);
    }
}
