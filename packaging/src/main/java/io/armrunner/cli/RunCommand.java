package io.armrunner.cli;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code armrunner run}: the service. */
@Command(name = "run", description = "Asks GitLab for jobs and runs them until told to stop.")
final class RunCommand implements Callable<Integer> {
    private final Work<RunCommand> work;
    @Mixin private final ConfigOption config = new ConfigOption();
    @ParentCommand private @Nullable GlobalOptions global;

    @Option(
            names = {"-d", "--working-directory"},
            paramLabel = "DIR",
            description = "Where builds and caches are, unless a runner says otherwise.")
    private @Nullable Path workingDirectory;

    @Option(
            names = {"-u", "--user"},
            paramLabel = "NAME",
            description = "Whom jobs run as, when started by root.")
    private @Nullable String user;

    @Option(
            names = "--listen-address",
            descriptionKey = "LISTEN_ADDRESS",
            paramLabel = "HOST:PORT",
            description = "Where metrics are served. [$LISTEN_ADDRESS]")
    private @Nullable String listenAddress;

    RunCommand(Work<RunCommand> work) {
        this.work = work;
    }

    /** The flags that every command has. */
    GlobalOptions global() {
        return global == null ? new GlobalOptions() : global;
    }

    Optional<Path> config() {
        return config.path();
    }

    Optional<Path> workingDirectory() {
        return Optional.ofNullable(workingDirectory);
    }

    Optional<String> user() {
        return Optional.ofNullable(user);
    }

    Optional<String> listenAddress() {
        return Optional.ofNullable(listenAddress);
    }

    @Override
    public Integer call() throws Exception {
        return work.run(this);
    }
}
