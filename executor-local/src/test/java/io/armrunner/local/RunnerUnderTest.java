package io.armrunner.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.config.Config;
import io.armrunner.config.ConfigException;
import io.armrunner.config.ConfigReader;
import io.armrunner.config.RunnerCertificates;
import io.armrunner.config.RunnerConfig;
import io.armrunner.coordinator.Coordinator;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.CoordinatorSettings;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.RunnerSpec;
import io.armrunner.engine.EngineLimits;
import io.armrunner.engine.JobSecrets;
import io.armrunner.files.FileStages;
import io.armrunner.http.ClientSettings;
import io.armrunner.http.HttpClient;
import io.armrunner.lane.EnvironmentLane;
import io.armrunner.manager.ConfiguredRunner;
import io.armrunner.manager.Journal;
import io.armrunner.manager.LaneBoard;
import io.armrunner.manager.Manager;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.protocol.GitLabClient;
import io.armrunner.protocol.GitLabUrl;
import io.armrunner.protocol.ManagerInfo;
import io.armrunner.protocol.RetryingCaller;
import io.armrunner.status.LaneView;
import io.armrunner.testing.CoordinatorExtension;
import io.armrunner.testing.TestRepository;
import io.armrunner.trace.Ticker;
import io.armrunner.trace.UploadSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The whole runner in this JVM, as {@code armrunner run} puts it together, against a coordinator of
 * its own; waits are scaled to tenths of a second. After each test every job is over, its book
 * entry is gone, and what {@link CoordinatorExtension} checks is true.
 *
 * <p>Register it with {@code @RegisterExtension}. The runner starts with the first job, or by
 * {@link #start}.
 */
final class RunnerUnderTest implements BeforeEachCallback, AfterEachCallback {
    /** How long a test waits for what must come. */
    static final Duration LIMIT = Duration.ofSeconds(60);

    static final String SYSTEM_ID = "s_0123456789ab";

    private final CoordinatorExtension extension;
    private final Map<String, String> environment = new HashMap<>();
    private final Map<String, String> shells = new HashMap<>();
    private final List<HttpClient> clients = new ArrayList<>();
    private int concurrent = 4;
    private Duration checkInterval = Duration.ofMillis(50);
    private Duration shutdown = Duration.ofSeconds(10);
    private EngineLimits limits = QUICK;
    private UnaryOperator<EnvironmentLane> lane = UnaryOperator.identity();
    private FileStages files = (_, stage, log) -> log.plain("moving files: " + stage.id());
    private Function<HttpClient, JobSecrets> secrets = _ -> JobSecrets.NONE;
    private @Nullable Manager manager;
    private @Nullable CoordinatorRunner first;
    private @Nullable LaneBoard board;

    /** Tenths of a second where GitLab Runner has seconds and minutes. */
    static final EngineLimits QUICK =
            new EngineLimits(
                    Duration.ofMillis(20),
                    Duration.ofMillis(700),
                    Duration.ofMillis(300),
                    Duration.ofSeconds(5),
                    Duration.ofMillis(100));

    /** After so long without a byte of its log GitLab hears of a job in another way. */
    static final Duration KEEP_ALIVE = Duration.ofMillis(300);

    private static final UploadSettings UPLOAD =
            new UploadSettings(
                    Duration.ofMillis(100),
                    Duration.ofMillis(20),
                    KEEP_ALIVE,
                    10,
                    Duration.ofMinutes(1));

    RunnerUnderTest() {
        this(UnaryOperator.identity());
    }

    /** With another GitLab. */
    RunnerUnderTest(UnaryOperator<CoordinatorSettings> gitlab) {
        // Tells no interval, so that the tests' own counts.
        extension =
                new CoordinatorExtension(
                        plain -> gitlab.apply(plain.withUpdateInterval(Duration.ZERO)));
    }

    // ---- before the start

    RunnerUnderTest withConcurrent(int jobs) {
        concurrent = jobs;
        return this;
    }

    RunnerUnderTest withCheckInterval(Duration time) {
        checkInterval = time;
        return this;
    }

    RunnerUnderTest withShutdown(Duration time) {
        shutdown = time;
        return this;
    }

    RunnerUnderTest withLimits(EngineLimits changed) {
        limits = changed;
        return this;
    }

    /** Has secrets of jobs fetched in this way. */
    RunnerUnderTest withSecrets(Function<HttpClient, JobSecrets> resolver) {
        secrets = resolver;
        return this;
    }

    /** Has the stages that move files done in this way. */
    RunnerUnderTest withFiles(FileStages stages) {
        files = stages;
        return this;
    }

    /** Puts something around the host's lane. */
    RunnerUnderTest withLane(UnaryOperator<EnvironmentLane> around) {
        lane = around;
        return this;
    }

    /** A lane of this name uses this shell. */
    RunnerUnderTest withShell(String laneName, String shell) {
        shells.put(laneName, shell);
        return this;
    }

    /** The runner's own environment gets this too. */
    RunnerUnderTest withEnvironment(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /** Starts one runner with these lines in its {@code [[runners]]} entry. */
    RunnerUnderTest start(String... lines) throws IOException, ConfigException {
        CoordinatorRunner registered =
                gitlab().registerRunner(new RunnerSpec("under test", List.of(), true));
        first = registered;
        return start(Map.of(registered, List.of(lines)));
    }

    /** Starts several runners. */
    RunnerUnderTest start(Map<CoordinatorRunner, List<String>> entries)
            throws IOException, ConfigException {
        List<ConfiguredRunner> runners = new ArrayList<>();
        for (Map.Entry<CoordinatorRunner, List<String>> entry : entries.entrySet()) {
            runners.add(configured(entry.getKey(), entry.getValue()));
        }
        Manager made =
                new Manager(
                        new Manager.Settings(concurrent, checkInterval, shutdown, "host.example"),
                        new Journal(journal()),
                        limits,
                        UPLOAD,
                        InstantSource.system(),
                        Ticker.SYSTEM);
        manager = made;
        made.start(runners);
        return this;
    }

    /** Goes on with another number of jobs and other runners, as after an edit of the file. */
    void reload(int jobs, Map<CoordinatorRunner, List<String>> entries) throws ConfigException {
        List<ConfiguredRunner> runners = new ArrayList<>();
        for (Map.Entry<CoordinatorRunner, List<String>> entry : entries.entrySet()) {
            runners.add(configured(entry.getKey(), entry.getValue()));
        }
        manager().reload(jobs, checkInterval, shutdown, runners);
    }

    private ConfiguredRunner configured(CoordinatorRunner registered, List<String> lines)
            throws ConfigException {
        StringBuilder toml = new StringBuilder("[[runners]]\nname = \"under test\"\n");
        toml.append("url = \"").append(gitlab().url()).append("\"\n");
        toml.append("token = \"").append(registered.token().value()).append("\"\n");
        toml.append("executor = \"shell\"\nshell = \"bash\"\n");
        lines.forEach(line -> toml.append(line).append('\n'));
        Config config = ConfigReader.read(toml.toString(), "config.toml", Map.of()).config();
        RunnerConfig runner = config.runners().getFirst();
        SecureRandom random = new SecureRandom();
        HttpClient http = HttpClient.open(extension.eventLoops(), ClientSettings.DEFAULTS);
        clients.add(http);
        RetryingCaller caller =
                new RetryingCaller(
                        http,
                        "armrunner 1.0.0 (main; java25; linux/arm64)",
                        InstantSource.system(),
                        random,
                        Thread::sleep);
        GitLabClient client =
                new GitLabClient(
                        caller,
                        GitLabUrl.of(runner.url()),
                        runner.token(),
                        SYSTEM_ID,
                        new ManagerInfo(
                                "armrunner",
                                "1.0.0",
                                "main",
                                "linux",
                                "arm64",
                                "shell",
                                runner.shell(),
                                HostShellLane.FEATURES,
                                Map.of()));
        return new ConfiguredRunner(
                runner,
                ConfiguredRunner.settings(
                        runner,
                        SYSTEM_ID,
                        new RunnerSettings.Product("armrunner", "1.0.0", "main", "linux/arm64")),
                client,
                client::reports,
                lanes(runner, random),
                _ -> files,
                secrets.apply(http),
                RunnerCertificates.of(runner, directory().resolve("config")));
    }

    private LaneBoard lanes(RunnerConfig runner, SecureRandom random) {
        if (runner.lanes().isEmpty()) {
            return LaneBoard.single(lane.apply(hostLane("shell", runner.shell(), random)));
        }
        LaneBoard made =
                new LaneBoard(
                        runner.token().shortForm(),
                        runner.lanes().stream()
                                .map(each ->
                                        new LaneBoard.Entry(
                                                hostLane(
                                                        each.name(),
                                                        shells.getOrDefault(
                                                                each.name(), runner.shell()),
                                                        random),
                                                each.executor(),
                                                each.rules()))
                                .toList(),
                        Ticker.SYSTEM);
        board = made;
        return made;
    }

    private EnvironmentLane hostLane(String name, String shell, SecureRandom random) {
        Map<String, String> inherited = new HashMap<>(TestRepository.environment());
        inherited.put("HOME", home().toString());
        inherited.putAll(environment);
        return new HostShellLane(
                name,
                new HostShellEnvironment.Host(shell, true, "", Map.copyOf(inherited), directory()),
                Optional.empty(),
                builds(),
                directory().resolve("cache"),
                random);
    }

    // ---- while it runs

    Coordinator gitlab() {
        return extension.coordinator();
    }

    CoordinatorExtension extension() {
        return extension;
    }

    /** The runner that {@link #start(String...)} registered. */
    CoordinatorRunner runner() {
        if (first == null) {
            throw new IllegalStateException("no runner was started");
        }
        return first;
    }

    /** The lanes of the one runner. */
    List<LaneView> lanes() {
        if (board == null) {
            throw new IllegalStateException("no runner was started");
        }
        return board.view();
    }

    Manager manager() {
        if (manager == null) {
            throw new IllegalStateException("no runner was started");
        }
        return manager;
    }

    Path directory() {
        return extension.directory();
    }

    Path builds() {
        return directory().resolve("builds");
    }

    Path home() {
        return directory().resolve("home");
    }

    Path journal() {
        return directory().resolve("state/jobs");
    }

    /** Where the working copy of a project's jobs of one slot is. */
    Path projectDirectory(int slot, String projectPath) {
        return builds().resolve(runner().token().shortForm())
                .resolve(Integer.toString(slot))
                .resolve(projectPath);
    }

    /** Begins a job's description. */
    JobBuilder job() {
        return gitlab().job("job");
    }

    /** Queues a job and waits for its end; starts the runner if that was not done. */
    Ended run(JobBuilder job) throws IOException, InterruptedException, ConfigException {
        CoordinatorJob queued = queue(job);
        queued.awaitFinished(LIMIT);
        return new Ended(queued);
    }

    /** Queues a job; starts the runner if that was not done. */
    CoordinatorJob queue(JobBuilder job) throws IOException, InterruptedException, ConfigException {
        CoordinatorJob queued = job.enqueue();
        if (manager == null) {
            start();
        }
        return queued;
    }

    /** Waits until no job runs. */
    void awaitIdle() throws InterruptedException {
        assertThat(manager().awaitIdle(LIMIT)).as("all jobs end").isTrue();
    }

    /** Waits until {@code text} is in the job's output as it comes in. */
    void awaitLog(CoordinatorJob job, String text) throws InterruptedException {
        job.awaitLog(text, LIMIT);
    }

    // ---- around each test

    @Override
    public void beforeEach(ExtensionContext context) throws IOException {
        extension.beforeEach(context);
        Files.createDirectories(home());
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        try {
            Manager used = manager;
            if (used != null) {
                used.drain();
                boolean idle = used.awaitIdle(LIMIT);
                used.close();
                assertThat(idle).as("all jobs end by themselves").isTrue();
                try (Stream<Path> left = Files.list(journal())) {
                    assertThat(left).as("jobs in the books after their delivery").isEmpty();
                }
            }
        } finally {
            clients.forEach(HttpClient::close);
            extension.afterEach(context);
        }
    }
}
