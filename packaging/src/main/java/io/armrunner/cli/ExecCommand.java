package io.armrunner.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    /** Jobs wait for networks and disks as well, so a small machine still runs a few at once. */
    private static final int LEAST_CONCURRENT = 4;

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
            names = {"-e", "--variable", "--env"},
            paramLabel = "KEY=VALUE",
            description = "A variable of the pipeline; may be given again.")
    private Map<String, String> variables = new LinkedHashMap<>();

    @Option(
            names = "--tag",
            paramLabel = "TAG",
            description = "Runs the pipeline of this tag instead of the branch's.")
    private @Nullable String tag;

    @Option(
            names = "--merge-request",
            arity = "0..1",
            fallbackValue = "",
            paramLabel = "TARGET",
            description =
                    "Runs the pipeline of a merge request into this branch; the default branch when none is named.")
    private @Nullable String mergeRequest;

    @Option(
            names = "--list",
            description = "Shows the jobs and why others are missing, and runs none.")
    private boolean list;

    @Option(names = "--verbose", description = "Shows the runner's own part of the logs as well.")
    private boolean verbose;

    @Option(
            names = "--concurrent",
            paramLabel = "N",
            description =
                    "How many jobs may run at once (default: the number of cores, at least 4).")
    private int concurrent;

    @Option(
            names = "--artifacts-dir",
            paramLabel = "DIR",
            description = "Keeps the artifacts of each job in a directory of its name in there.")
    private @Nullable Path artifactsDirectory;

    @Option(
            names = "--lane",
            defaultValue = "local",
            paramLabel = "LANE",
            description =
                    "Where jobs run: local, which is this machine's shell, or codebuild (default: ${DEFAULT-VALUE}).")
    private String lane = "local";

    @Option(
            names = "--fake-aws",
            description =
                    "With --lane codebuild: an AWS account of armrunner's own, whose builds are processes of this machine.")
    private boolean fakeAws;

    @Option(
            names = "--builds-in",
            split = " ",
            paramLabel = "COMMAND",
            description =
                    "With --fake-aws: runs builds in another system. The command gets a directory that must be there as well, and the words to run.")
    private List<String> entrance = List.of();

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

    Optional<String> tag() {
        return Optional.ofNullable(tag);
    }

    /** The branch to merge into; the empty text is the default branch. */
    Optional<String> mergeRequest() {
        return Optional.ofNullable(mergeRequest);
    }

    boolean list() {
        return list;
    }

    boolean verbose() {
        return verbose;
    }

    int concurrent() {
        return concurrent > 0
                ? concurrent
                : Math.max(LEAST_CONCURRENT, Runtime.getRuntime().availableProcessors());
    }

    /** Where jobs run. */
    enum Lane {
        LOCAL,
        CODEBUILD
    }

    /** Where jobs run. */
    Lane lane() throws UserError {
        return switch (lane) {
            case "local" -> {
                if (fakeAws) {
                    throw new UserError(2, "--fake-aws is for --lane codebuild; add that");
                }
                yield Lane.LOCAL;
            }
            case "codebuild" -> {
                if (!fakeAws) {
                    throw new UserError(
                            2,
                            "exec --lane codebuild needs --fake-aws: AWS itself cannot reach the GitLab that exec has on this machine. For builds in AWS run armrunner codebuild setup, and register a runner with such a lane");
                }
                yield Lane.CODEBUILD;
            }
            default ->
                    throw new UserError(
                            2, "there is no lane \"" + lane + "\"; there are: local, codebuild");
        };
    }

    /** What brings builds into another system; empty for this one. */
    List<String> entrance() throws UserError {
        if (!entrance.isEmpty() && !fakeAws) {
            throw new UserError(2, "--builds-in is for --fake-aws; add that");
        }
        return List.copyOf(entrance);
    }

    Optional<Path> artifactsDirectory() {
        return Optional.ofNullable(artifactsDirectory);
    }

    List<String> jobs() {
        return jobs == null ? List.of() : new ArrayList<>(jobs);
    }

    @Override
    public Integer call() throws Exception {
        return work.run(this);
    }
}
