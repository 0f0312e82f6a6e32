package io.armrunner.cli;

import io.armrunner.ci.CiFileException;
import io.armrunner.ci.GitContext;
import io.armrunner.ci.Pipeline;
import io.armrunner.ci.PipelineOptions;
import io.armrunner.ci.PipelineReader;
import io.armrunner.ci.PipelineStatus;
import io.armrunner.spec.Variable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * {@code armrunner exec}: reads the pipeline of a directory and runs it on this machine, on the
 * same engine and over the same calls as a GitLab's. Runs on the main thread.
 */
final class ExecService implements Work<ExecCommand> {
    private static final int INTERRUPTED = 130;

    private final Surroundings surroundings;
    private final BooleanSupplier terminal;

    /**
     * @param terminal whether what a command answers goes to a terminal
     */
    ExecService(Surroundings surroundings, BooleanSupplier terminal) {
        this.surroundings = surroundings;
        this.terminal = terminal;
    }

    @Override
    public int run(ExecCommand command) throws IOException, InterruptedException, UserError {
        Instant begun = surroundings.clock().instant();
        Path directory = surroundings.workingDirectory().resolve(command.directory()).normalize();
        if (!Files.isDirectory(directory)) {
            throw new UserError(2, "there is no directory " + directory);
        }
        Colours colours = new Colours(withColours());
        Map<String, String> environment = environment();
        LocalGit git = new LocalGit(environment);
        if (command.list()) {
            return list(command, git, directory, colours);
        }
        ExecCommand.Lane lane = command.lane();
        List<String> entrance = command.entrance();
        Optional<KeptArtifacts> kept = keptArtifacts(command);
        try (TemporaryPlace place = TemporaryPlace.in(temporary());
                ServerStart starting =
                        new ServerStart(
                                SideBySide.start(
                                        "exec-server",
                                        () ->
                                                ExecServer.start(
                                                        surroundings.withEnvironment(
                                                                git.environment()),
                                                        place.directory(),
                                                        command.concurrent(),
                                                        lane,
                                                        entrance)))) {
            WorkingTree tree = WorkingTree.read(git, directory.toRealPath(), command.file());
            SourceSnapshot snapshot =
                    SourceSnapshot.make(git, tree, place.directory().resolve("project.git"));
            Optional<Pipeline> read = pipeline(command, git, tree, snapshot.sha());
            if (read.isEmpty()) {
                return 2;
            }
            Pipeline pipeline = read.get();
            notes(pipeline, colours);
            if (pipeline.jobs().isEmpty()) {
                noJobs(pipeline);
                return 0;
            }
            ExecConsole console =
                    new ExecConsole(
                            surroundings.out(),
                            colours,
                            command.verbose(),
                            pipeline.jobs().stream().map(job -> job.name()).toList());
            ExecServer server = starting.server();
            PipelineRun run =
                    new PipelineRun(
                            pipeline,
                            command.jobs(),
                            server.with(pipeline.git().projectPath(), snapshot.repository()),
                            console,
                            surroundings.clock(),
                            environment.getOrDefault("USER", "local"));
            PipelineStatus status = watched(run, server);
            if (kept.isPresent()) {
                kept.get().keep(run.artifacts());
            }
            Duration took = Duration.between(begun, surroundings.clock().instant());
            return report(pipeline, run, status, took, colours);
        }
    }

    private Optional<KeptArtifacts> keptArtifacts(ExecCommand command) throws UserError {
        return command.artifactsDirectory().isEmpty()
                ? Optional.empty()
                : Optional.of(
                        KeptArtifacts.in(
                                surroundings
                                        .workingDirectory()
                                        .resolve(command.artifactsDirectory().get())));
    }

    /** The server while it starts and after; closing waits for the start. */
    private record ServerStart(SideBySide<ExecServer> start) implements AutoCloseable {
        ExecServer server() throws IOException, InterruptedException {
            return start.result();
        }

        @Override
        public void close() throws IOException {
            start.resultToClose().close();
        }
    }

    private boolean withColours() {
        // https://no-color.org: any value but the empty one.
        boolean unwanted = !surroundings.environment().getOrDefault("NO_COLOR", "").isEmpty();
        return !unwanted
                && !"dumb".equals(surroundings.environment().get("TERM"))
                && terminal.getAsBoolean();
    }

    /** Jobs of this machine talk to a coordinator of this machine: no proxy stands between. */
    private Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>(surroundings.environment());
        for (String name : List.of("no_proxy", "NO_PROXY")) {
            String value = environment.getOrDefault(name, "");
            environment.put(name, value.isEmpty() ? "127.0.0.1" : value + ",127.0.0.1");
        }
        return environment;
    }

    private Path temporary() {
        return Path.of(
                Optional.ofNullable(surroundings.environment().get("TMPDIR"))
                        .filter(name -> !name.isEmpty())
                        .orElse(System.getProperty("java.io.tmpdir")));
    }

    private int list(ExecCommand command, LocalGit git, Path directory, Colours colours)
            throws IOException, InterruptedException, UserError {
        WorkingTree tree = WorkingTree.read(git, directory.toRealPath(), command.file());
        Optional<Pipeline> read =
                pipeline(command, git, tree, tree.head().orElse(GitContext.NO_COMMIT));
        if (read.isEmpty()) {
            return 2;
        }
        if (!read.get().name().isEmpty()) {
            surroundings.out().println(read.get().name());
        }
        ExecTable.jobs(read.get(), colours).forEach(surroundings.out()::println);
        notes(read.get(), colours);
        return 0;
    }

    private Optional<Pipeline> pipeline(
            ExecCommand command, LocalGit git, WorkingTree tree, String sha)
            throws IOException, UserError {
        String file = command.file().toString();
        if (command.file().isAbsolute() || !Files.isRegularFile(tree.root().resolve(file))) {
            throw new UserError(
                    2,
                    "there is no %s in %s; name the project with -C and its file with -f"
                            .formatted(file, tree.root()));
        }
        GitContext context = tree.context(sha, command.tag());
        PipelineOptions options =
                new PipelineOptions(
                        command.variables().entrySet().stream()
                                .map(entry -> Variable.of(entry.getKey(), entry.getValue()))
                                .toList(),
                        "push",
                        command.mergeRequest()
                                .map(target ->
                                        new PipelineOptions.MergeRequest(
                                                1,
                                                context.message().lines().findFirst().orElse(""),
                                                target.isEmpty() ? context.defaultBranch() : target,
                                                context.beforeSha(),
                                                "")));
        try {
            Pipeline whole = PipelineReader.read(new TreeFiles(git, tree), file, context, options);
            return Optional.of(
                    command.jobs().isEmpty() ? whole : whole.select(command.jobs(), true));
        } catch (CiFileException e) {
            e.errors().forEach(error -> surroundings.err().println(error));
            return Optional.empty();
        } catch (IllegalArgumentException e) {
            throw new UserError(2, String.valueOf(e.getMessage()));
        }
    }

    private void notes(Pipeline pipeline, Colours colours) {
        ExecTable.notes(pipeline)
                .forEach(note -> surroundings.err().println(colours.quiet("note: " + note)));
    }

    private void noJobs(Pipeline pipeline) {
        PrintWriter out = surroundings.out();
        out.println("No job is in this pipeline:");
        pipeline.absent().forEach(job -> out.println("  " + job.name() + ": " + job.reason()));
    }

    /** Runs it; the first signal cancels it, the second ends all that runs at once. */
    private PipelineStatus watched(PipelineRun run, ExecServer server) throws InterruptedException {
        StopRequests stops = new StopRequests(run, server, surroundings.err());
        for (String signal : List.of("INT", "TERM")) {
            JvmSignal.handle(signal, stops);
        }
        try {
            return run.run();
        } finally {
            for (String signal : List.of("INT", "TERM")) {
                JvmSignal.byDefault(signal);
            }
        }
    }

    private int report(
            Pipeline pipeline,
            PipelineRun run,
            PipelineStatus status,
            Duration took,
            Colours colours) {
        PrintWriter out = surroundings.out();
        out.println();
        ExecTable.results(pipeline, run.scheduler(), run.runs(), colours).forEach(out::println);
        out.println();
        String time = " in " + ExecTable.seconds(took);
        boolean failed = run.scheduler().statuses().containsValue(io.armrunner.ci.JobStatus.FAILED);
        if (run.isStopped()) {
            out.println(colours.doubtful("pipeline canceled" + time));
            return INTERRUPTED;
        }
        if (failed) {
            out.println(colours.bad("pipeline failed" + time));
            return 1;
        }
        out.println(
                switch (status) {
                    case SUCCESS -> colours.good("pipeline passed" + time);
                    case MANUAL -> colours.doubtful("pipeline waits for a manual job" + time);
                    case SKIPPED -> colours.doubtful("no job ran");
                    case RUNNING, FAILED, CANCELED -> colours.doubtful("pipeline " + status + time);
                });
        return 0;
    }
}
