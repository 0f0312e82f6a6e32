package io.armrunner.cli;

import io.armrunner.config.CacheConfig;
import io.armrunner.config.ConfigException;
import io.armrunner.config.ConfigReader;
import io.armrunner.config.RunnerConfig;
import io.armrunner.config.Settings;
import io.armrunner.config.TokenSource;
import io.armrunner.coordinator.Coordinator;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.CoordinatorSettings;
import io.armrunner.coordinator.RunnerSpec;
import io.armrunner.engine.EngineLimits;
import io.armrunner.http.EventLoops;
import io.armrunner.manager.ConfiguredRunner;
import io.armrunner.manager.Journal;
import io.armrunner.manager.Manager;
import io.armrunner.spec.Secret;
import io.armrunner.trace.Ticker;
import io.armrunner.trace.UploadSettings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A GitLab of our own on the loopback address and, in the same process, a runner that works for it.
 * Owned by the main thread; {@link #endJobs} is for any thread.
 */
final class ExecServer implements AutoCloseable {
    /** A held request is answered the moment a job comes, so this only bounds it. */
    private static final Duration LONG_POLL = Duration.ofSeconds(50);

    /** After an answer without a job the next request follows at once: it will be held. */
    private static final Duration NO_PAUSE = Duration.ofMillis(1);

    /** A person watches, and the network is this machine's own. */
    private static final UploadSettings UPLOAD =
            new UploadSettings(
                    Duration.ofMillis(150),
                    Duration.ofMillis(20),
                    // How long a silent job takes to hear that it is cancelled.
                    Duration.ofMillis(400),
                    10,
                    Duration.ofMinutes(5));

    /** Somebody who pressed Ctrl-C does not wait ten minutes for a job that ignores TERM. */
    private static final EngineLimits LIMITS =
            new EngineLimits(
                    EngineLimits.DEFAULT.look(),
                    Duration.ofSeconds(10),
                    Duration.ofMillis(100),
                    Duration.ofSeconds(2),
                    EngineLimits.DEFAULT.prepareRetry());

    private static final Duration SHUTDOWN = Duration.ofSeconds(30);

    /** How often the last held request is told to look again while we leave. */
    private static final Duration NUDGE = Duration.ofMillis(2);

    private final EventLoops loops;
    private final Coordinator coordinator;
    private final RunnerFactory factory;
    private final CoordinatorRunner runner;
    private final Manager manager;
    private final Optional<FakeCloud> cloud;

    private ExecServer(
            EventLoops loops,
            Coordinator coordinator,
            RunnerFactory factory,
            CoordinatorRunner runner,
            Manager manager,
            Optional<FakeCloud> cloud) {
        this.cloud = cloud;
        this.loops = loops;
        this.coordinator = coordinator;
        this.factory = factory;
        this.runner = runner;
        this.manager = manager;
    }

    /**
     * Starts both; all their files are in {@code directory}.
     *
     * @param lane where jobs run
     * @param entrance what brings builds into another system; empty for this one
     */
    static ExecServer start(
            Surroundings surroundings,
            Path directory,
            int concurrent,
            ExecCommand.Lane lane,
            List<String> entrance)
            throws IOException, UserError, InterruptedException {
        Path state = Files.createDirectories(directory.resolve("state"));
        EventLoops loops = EventLoops.open(1);
        Coordinator coordinator =
                Coordinator.start(
                        loops,
                        CoordinatorSettings.of(
                                        directory,
                                        surroundings.environment(),
                                        surroundings.clock(),
                                        new SecureRandom())
                                .withLongPoll(LONG_POLL)
                                // Tells no interval, so that ours counts.
                                .withUpdateInterval(Duration.ZERO));
        CoordinatorRunner runner =
                coordinator.registerRunner(new RunnerSpec("armrunner exec", List.of(), true));
        Optional<FakeCloud> cloud =
                switch (lane) {
                    case LOCAL -> Optional.empty();
                    case CODEBUILD ->
                            Optional.of(
                                    FakeCloud.start(
                                            surroundings,
                                            loops,
                                            directory.resolve("aws"),
                                            entrance));
                };
        RunnerFactory factory =
                new RunnerFactory(
                        surroundings,
                        loops,
                        state,
                        Optional.empty(),
                        directory,
                        false,
                        (_, _, _, _, _) -> {},
                        cloud.map(FakeCloud::place).orElse(FakeCloud.Place.AWS));
        ConfiguredRunner configured =
                factory.runner(
                        cloud.isPresent()
                                ? config(
                                        cloud.get()
                                                .config(coordinator.url(), runner.token().value()))
                                : config(coordinator.url(), runner.token()),
                        Duration.ofHours(1));
        Manager manager =
                new Manager(
                        new Manager.Settings(
                                concurrent, NO_PAUSE, SHUTDOWN, surroundings.hostName().get()),
                        new Journal(state.resolve("jobs")),
                        LIMITS,
                        UPLOAD,
                        surroundings.clock(),
                        Ticker.SYSTEM);
        manager.start(List.of(configured));
        return new ExecServer(loops, coordinator, factory, runner, manager, cloud);
    }

    /** Serves the repository as the project {@code path}. */
    PipelineRun.Server with(String path, Path repository) {
        return new PipelineRun.Server(
                coordinator, runner, coordinator.addProject(path, repository));
    }

    /** Ends the jobs' processes without another word. */
    void endJobs() {
        Thread.ofVirtual().name("end-jobs").start(manager::close);
    }

    @Override
    public void close() throws IOException {
        boolean interrupted = false;
        try {
            manager.awaitIdle(SHUTDOWN);
        } catch (InterruptedException _) {
            interrupted = true;
        }
        // Its last request is held by the coordinator: a change in the queue lets go of it.
        Thread leaving = Thread.ofVirtual().name("leave").start(manager::close);
        while (leaving.isAlive()) {
            coordinator.bumpQueue();
            try {
                leaving.join(NUDGE);
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        factory.close();
        cloud.ifPresent(FakeCloud::close);
        coordinator.close();
        loops.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static RunnerConfig config(String text) {
        try {
            return ConfigReader.read(text, "exec", Map.of()).config().runners().getFirst();
        } catch (ConfigException e) {
            throw new IllegalStateException("the configuration is our own", e);
        }
    }

    /** GitLab Runner's defaults for the shell executor. */
    private static RunnerConfig config(URI url, Secret token) {
        return new RunnerConfig(
                "exec",
                url.toString(),
                token,
                new TokenSource.InConfig(false),
                0,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                1,
                false,
                100 * 1024,
                64,
                100 * 1024,
                3,
                Duration.ofHours(1),
                10,
                "shell",
                "bash",
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                false,
                Optional.empty(),
                Map.of(),
                Optional.empty(),
                Map.of(),
                new RunnerConfig.ArtifactTimeouts(Duration.ofHours(1), Duration.ofMinutes(10)),
                new CacheConfig(
                        Optional.empty(),
                        "",
                        false,
                        0,
                        new CacheConfig.S3(
                                Optional.empty(),
                                Secret.NONE,
                                Secret.NONE,
                                Secret.NONE,
                                Optional.empty(),
                                Optional.empty(),
                                false,
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                false,
                                Optional.empty(),
                                false,
                                Optional.empty(),
                                Optional.empty(),
                                0,
                                false),
                        Settings.EMPTY,
                        Settings.EMPTY),
                Settings.EMPTY,
                Settings.EMPTY,
                List.of());
    }
}
