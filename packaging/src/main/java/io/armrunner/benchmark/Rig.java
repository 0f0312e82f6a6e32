package io.armrunner.benchmark;

import io.armrunner.coordinator.Coordinator;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.CoordinatorSettings;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.Project;
import io.armrunner.coordinator.RecordedRequest;
import io.armrunner.coordinator.RunnerSpec;
import io.armrunner.http.EventLoops;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A coordinator, a project and one runner's process, all for one measurement; closing ends and
 * removes everything. Used by one thread.
 */
final class Rig implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(5);

    /** Long enough for one that writes its start-up cache as it ends. */
    private static final Duration STOPPING = Duration.ofMinutes(5);

    private static final long MIB = 1 << 20;
    private static final int IN_MEMORY = 64 * 1024;
    private static final int MOST_REQUESTS_AT_ONCE = 8;

    private final Settings settings;
    private final Map<String, String> environment;
    private final InstantSource clock;
    private final Path directory;
    private final EventLoops loops;
    private final Coordinator coordinator;
    private final CoordinatorRunner runner;
    private final Project project;
    private @Nullable Process process;
    private Instant started = Instant.EPOCH;

    /**
     * How the runner and its server are set.
     *
     * @param concurrent how many jobs at once
     * @param checkInterval seconds between two requests for a job
     * @param longPoll how long the server holds a request
     * @param outputLimit in kilobytes
     */
    record Settings(int concurrent, int checkInterval, Duration longPoll, int outputLimit) {
        static final Settings USUAL = new Settings(4, 1, Duration.ZERO, 4096);

        Settings withConcurrent(int changed) {
            return new Settings(changed, checkInterval, longPoll, outputLimit);
        }

        Settings withCheckInterval(int changed) {
            return new Settings(concurrent, changed, longPoll, outputLimit);
        }

        Settings withLongPoll(Duration changed) {
            return new Settings(concurrent, checkInterval, changed, outputLimit);
        }

        Settings withOutputLimit(int changed) {
            return new Settings(concurrent, checkInterval, longPoll, changed);
        }
    }

    /** Opens the server; the runner is not started yet. */
    Rig(Settings settings, Map<String, String> environment, InstantSource clock)
            throws IOException, InterruptedException {
        this.settings = settings;
        this.directory = Files.createTempDirectory("armrunner-benchmark-").toRealPath();
        this.environment = new HashMap<>(environment);
        this.environment.put("HOME", directory.toString());
        this.clock = clock;
        Path sources = SampleProject.make(directory, this.environment);
        this.loops = EventLoops.open(1);
        this.coordinator =
                Coordinator.start(
                        loops,
                        CoordinatorSettings.of(
                                        Files.createDirectory(directory.resolve("server")),
                                        this.environment,
                                        clock,
                                        new SecureRandom())
                                .withLongPoll(settings.longPoll())
                                .withLogLimits(IN_MEMORY, 1024 * MIB)
                                .withArtifactLimit(1024 * MIB));
        this.runner = coordinator.registerRunner(new RunnerSpec("benchmark", List.of(), true));
        this.project = coordinator.addProject("group/sample", sources);
    }

    /** A job that checks the project out. */
    JobBuilder jobWithSources() {
        return coordinator.job("build-arm64").project(project).timeout(Duration.ofMinutes(10));
    }

    /** A job that needs no git. */
    JobBuilder job() {
        return jobWithSources().variable("GIT_STRATEGY", "none");
    }

    /** Starts the runner on a configuration of its own. */
    void start(Contender contender) throws IOException {
        Path home = Files.createDirectories(directory.resolve("runner"));
        Path config = home.resolve("config.toml");
        Files.createFile(
                config,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(config, configuration(home), StandardCharsets.UTF_8);
        ProcessBuilder builder =
                new ProcessBuilder(contender.command(config))
                        .directory(home.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(log().toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        started = clock.instant();
        process = builder.start();
    }

    private String configuration(Path home) {
        return """
        concurrent = %d
        check_interval = %d
        log_level = "info"

        [[runners]]
          name = "benchmark"
          url = "%s"
          id = %d
          token = "%s"
          executor = "shell"
          shell = "bash"
          builds_dir = "%s/builds"
          cache_dir = "%s/cache"
          output_limit = %d
          request_concurrency = %d
          [runners.custom_build_dir]
            enabled = true
        """
                .formatted(
                        settings.concurrent(),
                        settings.checkInterval(),
                        coordinator.url(),
                        runner.id(),
                        runner.token().value(),
                        home,
                        home,
                        settings.outputLimit(),
                        Math.min(settings.concurrent(), MOST_REQUESTS_AT_ONCE));
    }

    private Path log() {
        return directory.resolve("runner.log");
    }

    /** When the process was started. */
    Instant started() {
        return started;
    }

    /** The runner's process in the kernel's books. */
    Footprint footprint() {
        return new Footprint(running().pid());
    }

    private Process running() {
        if (process == null) {
            throw new IllegalStateException("the runner is not started");
        }
        return process;
    }

    /** When the runner first asked for a job; waits for it. */
    Instant firstRequest() throws IOException, InterruptedException {
        awaitTrue(
                "its first request for a job",
                () -> coordinator.requestsHeld() > 0 || !asked().isEmpty());
        return coordinator.requestsHeld() > 0 && asked().isEmpty()
                ? clock.instant()
                : asked().getFirst().at();
    }

    private List<RecordedRequest> asked() {
        return coordinator.requests(Endpoint.JOB_REQUEST);
    }

    /** Waits for the end of a job that has to succeed. */
    void awaitSuccess(CoordinatorJob job) throws IOException, InterruptedException {
        awaitTrue("the end of job " + job.id(), () -> job.finishedAt().isPresent());
        succeeded(job);
    }

    /** Waits for the end of all, and gives the greatest memory seen meanwhile, in bytes. */
    long peakUntilSuccess(List<CoordinatorJob> jobs, Duration every)
            throws IOException, InterruptedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        long peak = 0;
        while (!jobs.stream().allMatch(job -> job.finishedAt().isPresent())) {
            peak = Math.max(peak, footprint().memory());
            complainUnlessAlive("the end of " + jobs.size() + " jobs", end);
            Thread.sleep(every);
        }
        for (CoordinatorJob job : jobs) {
            succeeded(job);
        }
        return peak;
    }

    private void succeeded(CoordinatorJob job) throws IOException {
        if (job.state() != JobState.SUCCESS) {
            throw new IOException(
                    "job %d ended as %s, so its figures mean nothing; its log:%n%s"
                            .formatted(job.id(), job.state(), job.logText()));
        }
    }

    /** How many calls the runner made for this job. */
    long calls(CoordinatorJob job) {
        String part = "/jobs/" + job.id();
        return coordinator.requests().stream()
                .filter(request -> request.path().startsWith("/api/"))
                .filter(request ->
                        request.path().endsWith(part) || request.path().contains(part + "/"))
                .count();
    }

    private void awaitTrue(String what, BooleanSupplier state)
            throws IOException, InterruptedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!state.getAsBoolean()) {
            complainUnlessAlive(what, end);
            Thread.sleep(Duration.ofMillis(2));
        }
    }

    private void complainUnlessAlive(String what, long end) throws IOException {
        if (!running().isAlive()) {
            throw new IOException(
                    "the runner ended before %s; it said:%n%s".formatted(what, said()));
        }
        if (System.nanoTime() > end) {
            throw new IOException(
                    "no %s within %s; the runner said:%n%s".formatted(what, LIMIT, said()));
        }
    }

    private String said() throws IOException {
        return Files.readString(log(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        if (process != null) {
            stop(process);
        }
        coordinator.close();
        loops.close();
        Files.walkFileTree(directory, new Removal());
    }

    /** Asks it to stop, then makes it; does not return before it has ended. */
    private static void stop(Process process) {
        process.destroy();
        if (process.onExit()
                .completeOnTimeout(process, STOPPING.toSeconds(), TimeUnit.SECONDS)
                .join()
                .isAlive()) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            process.onExit().join();
        }
    }

    private static final class Removal extends SimpleFileVisitor<Path> {
        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
                throws IOException {
            if (failure != null) {
                throw failure;
            }
            Files.deleteIfExists(directory);
            return FileVisitResult.CONTINUE;
        }
    }
}
