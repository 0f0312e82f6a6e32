package io.armrunner.cli;

import io.armrunner.config.Config;
import io.armrunner.config.ConfigException;
import io.armrunner.config.ConfigFile;
import io.armrunner.config.FileStamps;
import io.armrunner.config.LoadedConfig;
import io.armrunner.engine.EngineLimits;
import io.armrunner.http.EventLoops;
import io.armrunner.manager.ConfiguredRunner;
import io.armrunner.manager.DiskFloor;
import io.armrunner.manager.Journal;
import io.armrunner.manager.Manager;
import io.armrunner.manager.StateLock;
import io.armrunner.status.Operations;
import io.armrunner.status.ProcessState;
import io.armrunner.trace.Ticker;
import io.armrunner.trace.UploadSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code armrunner run}: the service, from its configuration to its last job. Runs on the main
 * thread, which waits for signals.
 */
final class RunService implements Work<RunCommand> {
    private static final Logger LOG = LoggerFactory.getLogger(RunService.class);

    /** Event loops only move bytes: one is enough for a thousand jobs. */
    private static final int EVENT_LOOPS = 1;

    /** An upgrade starts this one while the one before is still about to end. */
    private static final Duration PREDECESSOR = Duration.ofSeconds(15);

    private final Surroundings surroundings;

    RunService(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public int run(RunCommand command)
            throws ConfigException, IOException, InterruptedException, UserError {
        ConfigFile file = surroundings.configFile(command.config());
        FileStamps before = FileStamps.of(List.of(file.path()));
        LoadedConfig loaded = file.load();
        command.global().configureLogging(loaded.config(), surroundings);
        Version version = Version.current();
        LOG.info(
                "starting version={} revision={} arch={} pid={} config={}",
                version.version(),
                version.revision(),
                Version.architecture(),
                ProcessHandle.current().pid(),
                file.path());
        loaded.warnings().lines().forEach(line -> LOG.warn("config {}", line));
        Path configDirectory =
                Optional.ofNullable(file.path().toAbsolutePath().getParent()).orElse(Path.of("/"));
        Path working =
                command.workingDirectory()
                        .map(surroundings.workingDirectory()::resolve)
                        .orElse(surroundings.workingDirectory());
        Optional<String> user = command.user().or(loaded.config()::user);
        return serve(
                loaded.config(),
                configDirectory,
                working,
                user,
                command.listenAddress().or(loaded.config()::listenAddress),
                Bounds.NONE,
                Optional.of(
                        new Changes(
                                file,
                                before.forFilesOf(FileStamps.of(file.files(loaded.config()))),
                                command.global())));
    }

    /**
     * What ends the service besides a signal.
     *
     * @param jobs after how many jobs, 0 for never
     * @param idle after how long without a job, empty for never
     */
    record Bounds(int jobs, Optional<Duration> idle) {
        static final Bounds NONE = new Bounds(0, Optional.empty());

        boolean reached(Manager manager) {
            return (jobs > 0 && manager.accepted() >= jobs)
                    || idle.map(limit -> manager.idle().compareTo(limit) > 0).orElse(false);
        }
    }

    /**
     * Where changes of the configuration come from.
     *
     * @param loaded what the file was like when the service's configuration was read
     * @param words of the command line, which beat the file
     */
    record Changes(ConfigFile file, FileStamps loaded, GlobalOptions words) {}

    /** Serves these runners until a signal, or one of the bounds, ends it; gives the exit code. */
    int serve(
            Config config,
            Path configDirectory,
            Path working,
            Optional<String> user,
            Optional<String> listenAddress,
            Bounds bounds,
            Optional<Changes> changes)
            throws IOException, InterruptedException, UserError {
        try (StateLock state = state(configDirectory, changes.isPresent());
                Signals signals = new Signals();
                EventLoops loops = EventLoops.open(EVENT_LOOPS);
                Operations operations =
                        OperationsOpening.open(
                                surroundings,
                                loops,
                                config.operation(),
                                state.directory(),
                                listenAddress);
                RunnerFactory factory =
                        new RunnerFactory(
                                        surroundings,
                                        loops,
                                        configDirectory,
                                        user,
                                        working,
                                        true,
                                        operations::called,
                                        FakeCloud.Place.AWS)
                                .keeping(state.directory().resolve("jobs"))) {
            ConfigReload reload =
                    new ConfigReload(
                            factory, config, surroundings, operations::configurationRefused);
            operations.lanes(factory::numbers);
            List<ConfiguredRunner> runners = reload.first();
            Manager.Settings settings =
                    new Manager.Settings(
                            config.concurrent(),
                            config.checkInterval(),
                            config.shutdownTimeout(),
                            surroundings.hostName().get(),
                            bounds.jobs(),
                            config.operation().keptLogsAge());
            Manager manager =
                    new Manager(
                            settings,
                            new Journal(state.directory().resolve("jobs")),
                            EngineLimits.DEFAULT,
                            UploadSettings.DEFAULT,
                            surroundings.clock(),
                            Ticker.SYSTEM,
                            operations,
                            new DiskFloor(
                                    (long) config.operation().minFreeDiskMib() << 20, operations));
            manager.start(runners);
            operations.state(ProcessState.RUNNING);
            if (changes.isEmpty()) {
                return untilTold(manager, signals, bounds, reload, operations, () -> {});
            }
            Changes from = changes.get();
            try (ConfigWatch watch =
                            ConfigWatch.start(
                                    () -> from.file().files(reload.current()),
                                    () -> reload.load(from.file(), from.words(), manager),
                                    from.loaded());
                    TokenRotation _ =
                            TokenRotation.start(
                                    from.file(),
                                    reload::current,
                                    named -> new GitLabRunnerServer(surroundings, named),
                                    surroundings.clock(),
                                    operations::configurationSaved,
                                    watch::loadNow)) {
                return untilTold(manager, signals, bounds, reload, operations, watch::loadNow);
            }
        }
    }

    /**
     * The right to what must outlive the process: in systemd's place for it, or beside the
     * configuration.
     */
    private StateLock state(Path configDirectory, boolean service)
            throws IOException, InterruptedException, UserError {
        Path directory = StatePlace.ofService(surroundings, configDirectory);
        if (!service) {
            // Several of these may run beside each other and beside the service.
            return StateLock.takeAny(directory);
        }
        try {
            return StateLock.take(directory, PREDECESSOR);
        } catch (IOException e) {
            throw new UserError(String.valueOf(e.getMessage()));
        }
    }

    /** Ends the process and leaves its jobs: from here on nothing may be done for them. */
    private static void handOver(Manager manager) throws InterruptedException {
        LOG.info("handing_over jobs={}", manager.running());
        boolean all = manager.handOver();
        LOG.info("handed_over jobs={} hint=\"the next start takes them up\"", manager.running());
        // No orderly end: what is closed under a running job would look like a failure of it.
        Runtime.getRuntime().halt(all ? 0 : 1);
    }

    /**
     * SIGHUP loads the configuration anew, SIGQUIT waits for the jobs that run, SIGTERM and SIGINT
     * end them, unless the configuration lets SIGTERM hand them over; a second one of those ends
     * the process at once (job-semantics §11.1).
     */
    private static int untilTold(
            Manager manager,
            Signals signals,
            Bounds bounds,
            ConfigReload configuration,
            Operations operations,
            Runnable reload)
            throws InterruptedException {
        signals.onReload(reload);
        Signals.Kind kind =
                bounds.equals(Bounds.NONE)
                        ? signals.next()
                        : signals.nextOr(() -> bounds.reached(manager)).orElse(Signals.Kind.DRAIN);
        if (kind == Signals.Kind.DRAIN) {
            LOG.info("draining jobs={}", manager.running());
            operations.state(ProcessState.GRACEFUL_SHUTDOWN);
            manager.drain();
            Optional<Signals.Kind> forced = signals.nextOr(() -> manager.running() == 0);
            if (forced.isEmpty()) {
                LOG.info("stopped");
                return 0;
            }
            kind = forced.get();
        }
        operations.state(ProcessState.FORCEFUL_SHUTDOWN);
        if (kind == Signals.Kind.TERMINATE && configuration.handsOver()) {
            handOver(manager);
        }
        String word = kind == Signals.Kind.INTERRUPT ? "interrupt" : "terminated";
        LOG.info("stopping signal={} jobs={}", word, manager.running());
        signals.exitOnNext();
        boolean all = manager.stop(word);
        LOG.info("stopped jobs_left={}", manager.running());
        return all ? 0 : 1;
    }
}
