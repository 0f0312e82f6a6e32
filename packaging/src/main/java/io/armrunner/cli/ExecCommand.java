package io.armrunner.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code armrunner exec}: a pipeline of a directory, on this machine, without a GitLab. */
@Command(
        name = "exec",
        description = "Runs the pipeline of a directory on this machine, without a GitLab.")
final class ExecCommand implements Callable<Integer> {
    private final Work<ExecCommand> work;

    @Option(
            names = {"-C", "--directory"},
            defaultValue = ".",
            paramLabel = "DIR",
            description = "The project; the working directory when not given.")
    private Path directory = Path.of(".");

    @Option(
            names = {"-f", "--file"},
            defaultValue = ".gitlab-ci.yml",
            paramLabel = "FILE",
            description = "The pipeline's file in the project (default: ${DEFAULT-VALUE}).")
    private Path file = Path.of(".gitlab-ci.yml");

    @Option(
            names = {"-e", "--env"},
            paramLabel = "KEY=VALUE",
            description = "A variable of the pipeline; may be given again.")
    private Map<String, String> variables = new LinkedHashMap<>();

    @Parameters(
            paramLabel = "JOB",
            description = "The jobs to run, with what they need; all when none is named.")
    private @Nullable List<String> jobs;

    ExecCommand(Work<ExecCommand> work) {
        this.work = work;
    }

    Path directory() {
        return directory;
    }

    Path file() {
        return file;
    }

    Map<String, String> variables() {
        return variables;
    }

    List<String> jobs() {
        return jobs == null ? List.of() : new ArrayList<>(jobs);
    }

    @Override
    public Integer call() throws Exception {
        return work.run(this);
    }
}
