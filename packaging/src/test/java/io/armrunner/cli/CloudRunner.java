package io.armrunner.cli;

import io.armrunner.cache.CacheTools;
import io.armrunner.cache.RemoteCache;
import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.codebuild.fake.ShellWork;
import io.armrunner.codebuild.lane.AgentBundle;
import io.armrunner.codebuild.lane.CodeBuildLane;
import io.armrunner.codebuild.s3.RemoteCaches;
import io.armrunner.config.Config;
import io.armrunner.config.ConfigReader;
import io.armrunner.config.LaneConfig;
import io.armrunner.config.RunnerCertificates;
import io.armrunner.config.RunnerConfig;
import io.armrunner.engine.EngineLimits;
import io.armrunner.engine.JobSecrets;
import io.armrunner.http.ClientSettings;
import io.armrunner.http.EventLoops;
import io.armrunner.http.HttpClient;
import io.armrunner.lane.RemoteLane;
import io.armrunner.manager.ConfiguredRunner;
import io.armrunner.manager.Journal;
import io.armrunner.manager.LaneBoard;
import io.armrunner.manager.Manager;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.protocol.ArtifactStore;
import io.armrunner.protocol.GitLabArtifactStore;
import io.armrunner.protocol.GitLabClient;
import io.armrunner.protocol.GitLabUrl;
import io.armrunner.protocol.RetryingCaller;
import io.armrunner.spec.Secret;
import io.armrunner.testing.TestRepository;
import io.armrunner.trace.Ticker;
import io.armrunner.trace.UploadSettings;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * A manager whose only lane is a CodeBuild that runs faster than AWS's: in the tests' JVM, or by
 * {@link #main} in one of its own that can be killed.
 */
final class CloudRunner implements AutoCloseable {
    static final String NAME = "cloud";

    private static final UploadSettings QUICK =
            new UploadSettings(
                    Duration.ofMillis(100),
                    Duration.ofMillis(20),
                    Duration.ofMillis(300),
                    10,
                    Duration.ofMinutes(1));

    /**
     * What it is to do.
     *
     * @param toml the configuration, with one runner and one lane
     * @param manager its word in the markers of builds
     * @param directory of books, costs and the files of builds
     * @param keys of AWS
     * @param speed how much faster than real AWS's time runs
     * @param concurrent jobs at once, of a thousand the logs are sent as seldom as usual
     */
    record Words(
            String toml,
            String manager,
            Path directory,
            AwsPlace.Keys keys,
            int speed,
            int concurrent) {
        Path write(Path file) throws IOException {
            Properties all = new Properties();
            all.setProperty("toml", toml);
            all.setProperty("manager", manager);
            all.setProperty("directory", directory.toString());
            all.setProperty("access", keys.accessKey());
            all.setProperty("secret", keys.secretKey().value());
            all.setProperty("speed", Integer.toString(speed));
            all.setProperty("concurrent", Integer.toString(concurrent));
            try (Writer writer = Files.newBufferedWriter(file)) {
                all.store(writer, "");
            }
            return file;
        }

        static Words read(Path file) throws IOException {
            Properties all = new Properties();
            try (Reader reader = Files.newBufferedReader(file)) {
                all.load(reader);
            }
            return new Words(
                    all.getProperty("toml"),
                    all.getProperty("manager"),
                    Path.of(all.getProperty("directory")),
                    new AwsPlace.Keys(
                            all.getProperty("access"),
                            Secret.of(all.getProperty("secret")),
                            Secret.NONE),
                    Integer.parseInt(all.getProperty("speed")),
                    Integer.parseInt(all.getProperty("concurrent")));
        }

        /** Whether builds see only their own files, so that they have them where AWS has. */
        boolean isolated() {
            return toml.contains("\"lambda-") && ShellWork.canIsolate();
        }

        /** The same for another manager. */
        Words of(String other, Path its) {
            return new Words(toml, other, its, keys, speed, concurrent);
        }

        /** The same with another limit of jobs. */
        Words atOnce(int jobs) {
            return new Words(toml, manager, directory, keys, speed, jobs);
        }

        /** Whether a job is in the books. */
        boolean hold(long job) {
            String[] books = journal().toFile().list();
            return books != null && Stream.of(books).anyMatch(book -> book.endsWith("." + job));
        }

        Path journal() {
            return directory.resolve("state/jobs");
        }
    }

    /** What its own requests to GitLab end with in their user agent, and those of builds do not. */
    static final String MANAGER = " of the manager";

    private final Manager manager;
    private final CodeBuildLane lane;
    private final HttpClient http;

    private CloudRunner(Manager manager, CodeBuildLane lane, HttpClient http) {
        this.manager = manager;
        this.lane = lane;
        this.http = http;
    }

    /** A configuration; {@code lines} go into the lane's codebuild table. */
    static String toml(
            String gitlab,
            String token,
            String project,
            String bucket,
            String region,
            String endpoint,
            String... lines) {
        return """
        [[runners]]
        name = "cloud"
        url = "%s"
        token = "%s"
        executor = "codebuild"
        [runners.codebuild]
        project = "%s"
        bucket = "%s"
        region = "%s"
        endpoint = "%s"
        %s
        """
                .formatted(
                        gitlab, token, project, bucket, region, endpoint, String.join("\n", lines));
    }

    /** Starts it. */
    static CloudRunner start(EventLoops loops, Words words, InstantSource clock) throws Exception {
        Config config = ConfigReader.read(words.toml(), "config.toml", Map.of()).config();
        RunnerConfig runner = config.runners().getFirst();
        SecureRandom random = new SecureRandom();
        HttpClient http = HttpClient.open(loops, ClientSettings.DEFAULTS);
        RetryingCaller caller =
                new RetryingCaller(
                        http,
                        Identity.userAgent() + MANAGER,
                        InstantSource.system(),
                        random,
                        Thread::sleep);
        GitLabClient client =
                new GitLabClient(
                        caller,
                        GitLabUrl.of(runner.url()),
                        runner.token(),
                        "s_0123456789ab",
                        Identity.of(runner));
        LaneConfig entry = runner.lanes().getFirst();
        CodeBuildLane lane =
                CodeBuildLane.open(
                                surroundings(
                                        words,
                                        clock,
                                        random,
                                        RemoteCaches.open(NAME, runner.cache(), http),
                                        new GitLabArtifactStore(
                                                caller, GitLabUrl.of(runner.url()), random)),
                                entry.codebuild())
                        .reaping(words::hold);
        ConfiguredRunner configured =
                new ConfiguredRunner(
                        runner,
                        ConfiguredRunner.settings(
                                runner,
                                "s_0123456789ab",
                                new RunnerSettings.Product(
                                        "armrunner", "1.0.0", "main", "linux/amd64")),
                        client,
                        client::reports,
                        new LaneBoard(
                                NAME,
                                List.of(new LaneBoard.Entry(lane, entry.executor(), entry.rules())),
                                Ticker.SYSTEM),
                        _ -> (_, _, _) -> {},
                        JobSecrets.NONE,
                        RunnerCertificates.of(runner, words.directory().resolve("config")));
        Manager manager =
                new Manager(
                        new Manager.Settings(
                                words.concurrent(),
                                Duration.ofMillis(50),
                                Duration.ofSeconds(10),
                                "host"),
                        new Journal(words.journal()),
                        EngineLimits.DEFAULT,
                        words.concurrent() >= 1000 ? UploadSettings.DEFAULT : QUICK,
                        InstantSource.system(),
                        Ticker.SYSTEM);
        manager.start(List.of(configured));
        return new CloudRunner(manager, lane, http);
    }

    private static CodeBuildLane.Surroundings surroundings(
            Words words,
            InstantSource clock,
            SecureRandom random,
            Optional<CacheTools.Remote> caches,
            ArtifactStore store) {
        Path disk = words.directory().resolve("build-disk");
        return new CodeBuildLane.Surroundings(
                NAME,
                words.manager(),
                Map.of(),
                10,
                new Bundles(words.directory().resolve("runtime")),
                caches.map(CloudRunner::withSmallParts),
                store,
                environment(),
                words.directory().resolve("costs.json"),
                Optional.of(words.keys()),
                usual ->
                        words.isolated()
                                ? usual
                                : new RemoteLane.Roots(
                                        disk.resolve("builds").toString(),
                                        disk.resolve("cache").toString()),
                words.speed(),
                clock,
                Ticker.SYSTEM,
                random);
    }

    /** The same with a store that takes 5 MiB in one request and in one part. */
    private static CacheTools.Remote withSmallParts(CacheTools.Remote remote) {
        RemoteCache store = remote.store();
        RemoteCache small =
                new RemoteCache() {
                    @Override
                    public Limits limits() {
                        return new Limits(5 << 20, 5 << 20);
                    }

                    @Override
                    public Request sign(
                            Operation operation, String object, String cacheKey, Duration validity)
                            throws IOException, InterruptedException {
                        return store.sign(operation, object, cacheKey, validity);
                    }

                    @Override
                    public Request sign(
                            PartStep step, String object, String cacheKey, Duration validity)
                            throws IOException, InterruptedException {
                        return store.sign(step, object, cacheKey, validity);
                    }
                };
        return new CacheTools.Remote(
                small, remote.http(), remote.path(), remote.shared(), remote.maxArchiveSize());
    }

    /**
     * The agent as it is here, and a Java if a test has put one there.
     *
     * @param runtime as a distribution has it
     */
    private record Bundles(Path runtime) implements AgentBundle.Maker {
        @Override
        public AgentBundle agent() throws IOException {
            return AgentBundle.ofClassPath(
                    System.getProperty("java.class.path"), AgentMain.class.getName());
        }

        @Override
        public Optional<AgentBundle> runtime(String architecture) throws IOException {
            return Files.exists(runtime)
                    ? Optional.of(AgentBundle.ofRuntimes(Map.of("glibc", runtime)))
                    : Optional.empty();
        }
    }

    private static Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>(TestRepository.environment());
        environment.put("GIT_HTTP_USER_AGENT", "git" + MANAGER);
        return Map.copyOf(environment);
    }

    Manager manager() {
        return manager;
    }

    CodeBuildLane lane() {
        return lane;
    }

    /** Ends the manager; its builds go on. */
    @Override
    public void close() {
        manager.close();
        lane.close();
        http.close();
    }

    /** Runs until it is killed; {@code words} name the file of its orders. */
    public static void main(String[] words) throws Exception {
        EventLoops loops = EventLoops.open(1);
        CloudRunner runner = start(loops, Words.read(Path.of(words[0])), InstantSource.system());
        System.out.println("started");
        // Whoever started it closes its input, or kills it.
        while (System.in.read() >= 0) {
            System.gc();
            System.out.println(
                    "heap "
                            + (Runtime.getRuntime().totalMemory()
                                    - Runtime.getRuntime().freeMemory())
                            + " running "
                            + runner.manager().running());
        }
        System.exit(0);
    }
}
