package io.armrunner.cli;

import io.armrunner.artifacts.ArtifactStages;
import io.armrunner.artifacts.StageTools;
import io.armrunner.cache.CacheStages;
import io.armrunner.cache.CacheTools;
import io.armrunner.codebuild.aws.MachineKeys;
import io.armrunner.codebuild.lane.CodeBuildLane;
import io.armrunner.codebuild.lane.CostBook;
import io.armrunner.codebuild.s3.RemoteCaches;
import io.armrunner.codebuild.secrets.AwsSecretsProvider;
import io.armrunner.config.LaneConfig;
import io.armrunner.config.RunnerCertificates;
import io.armrunner.config.RunnerConfig;
import io.armrunner.engine.CachesAndArtifacts;
import io.armrunner.files.FileStages;
import io.armrunner.files.PackingThreads;
import io.armrunner.http.ClientSettings;
import io.armrunner.http.EventLoops;
import io.armrunner.http.HttpClient;
import io.armrunner.http.HttpRequest;
import io.armrunner.lane.Lane;
import io.armrunner.local.HostFitness;
import io.armrunner.local.HostSensors;
import io.armrunner.local.HostShellEnvironment;
import io.armrunner.local.HostShellLane;
import io.armrunner.manager.ConfiguredRunner;
import io.armrunner.manager.LaneBoard;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.protocol.ArtifactStore;
import io.armrunner.protocol.GitLabArtifactStore;
import io.armrunner.protocol.GitLabClient;
import io.armrunner.protocol.GitLabUrl;
import io.armrunner.protocol.RetryingCaller;
import io.armrunner.protocol.SystemId;
import io.armrunner.secrets.SecretResolver;
import io.armrunner.secrets.VaultProvider;
import io.armrunner.status.LaneNumbers;
import io.armrunner.status.RunnerFacts;
import io.armrunner.trace.Ticker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;

/**
 * Puts a {@code [[runners]]} entry together with what it needs: its line to GitLab, its lane, its
 * settings. Owns the HTTP clients, one for each set of certificates; used on the main thread.
 */
final class RunnerFactory implements AutoCloseable {
    /** What runs jobs. */
    static final List<String> EXECUTORS = List.of("shell", "codebuild");

    private static final List<String> SHELLS = List.of("bash", "sh");

    private final Surroundings surroundings;
    private final EventLoops loops;
    private final Path configDirectory;
    private final Path stateDirectory;
    private final SystemId systemId;
    private final Optional<String> user;
    private final Path workingDirectory;
    private final boolean login;
    private final Calls calls;
    private final FakeCloud.Place cloudPlace;
    private final Version version = Version.current();
    private final RandomGenerator random = new SecureRandom();
    private final Map<ClientSettings, HttpClient> clients = new HashMap<>();
    private final List<CodeBuildLane> cloud = new ArrayList<>();
    private final PackingThreads packing;
    private final Map<List<String>, CodeBuildLane> numbered = new ConcurrentHashMap<>();
    private Optional<Path> books = Optional.empty();

    /** Hears of each call of a runner to its GitLab; any thread. */
    @FunctionalInterface
    interface Calls {
        void called(
                RunnerFacts runner, HttpRequest request, int status, int retries, Duration took);
    }

    /**
     * @param configDirectory where the system id and {@code certs} are
     * @param user whom jobs run as; empty for the process's own user
     * @param workingDirectory where builds and caches are by default
     * @param login whether the shells of jobs go through the user's login profile
     * @param calls hears of all calls
     * @param cloudPlace where CodeBuild lanes have their builds
     */
    RunnerFactory(
            Surroundings surroundings,
            EventLoops loops,
            Path configDirectory,
            Optional<String> user,
            Path workingDirectory,
            boolean login,
            Calls calls,
            FakeCloud.Place cloudPlace) {
        this.cloudPlace = cloudPlace;
        this.surroundings = surroundings;
        this.loops = loops;
        this.configDirectory = configDirectory;
        this.stateDirectory = StatePlace.ofService(surroundings, configDirectory);
        this.systemId = SystemId.load(configDirectory, SystemId.MACHINE_IDS, random);
        this.user = user;
        this.workingDirectory = workingDirectory;
        this.login = login;
        this.packing =
                new PackingThreads(
                        Runtime.getRuntime().availableProcessors(),
                        !"off".equals(surroundings.environment().get("ARMRUNNER_LIBDEFLATE")));
        this.calls = calls;
    }

    /**
     * Lets lanes end what they find and nobody waits for. Called before the first runner is made.
     *
     * @param directory of the jobs' books
     */
    RunnerFactory keeping(Path directory) {
        books = Optional.of(directory.toAbsolutePath());
        return this;
    }

    /** A runner ready to work. */
    ConfiguredRunner runner(RunnerConfig config, Duration connectionMaxAge) throws UserError {
        if (!EXECUTORS.contains(config.executor())) {
            throw new UserError(
                    "runner \"%s\": executor = \"%s\" is not supported by this version; use executor = \"shell\" or \"codebuild\""
                            .formatted(config.name(), config.executor()));
        }
        if (!SHELLS.contains(config.shell())) {
            throw new UserError(
                    "runner \"%s\": shell = \"%s\" is not supported on Linux hosts; use \"bash\" or \"sh\""
                            .formatted(config.name(), config.shell()));
        }
        HttpClient http = http(config, connectionMaxAge);
        RunnerFacts facts =
                new RunnerFacts(
                        config.token().shortForm(),
                        config.name(),
                        config.url(),
                        systemId.value(),
                        config.executor(),
                        config.limit(),
                        config.requestConcurrency(),
                        "");
        RetryingCaller caller =
                new RetryingCaller(
                        http,
                        Identity.userAgent(),
                        surroundings.clock(),
                        random,
                        Thread::sleep,
                        (request, status, retries, took) ->
                                calls.called(facts, request, status, retries, took));
        GitLabUrl url = GitLabUrl.of(config.url());
        Optional<CacheTools.Remote> caches = RemoteCaches.open(config.name(), config.cache(), http);
        ArtifactStore store = new GitLabArtifactStore(caller, url, random);
        GitLabClient client =
                new GitLabClient(
                        caller, url, config.token(), systemId.value(), Identity.of(config));
        FileStages files =
                new CachesAndArtifacts(
                        new CacheStages(
                                new CacheTools(
                                        packing,
                                        inherited(),
                                        Thread::sleep,
                                        surroundings.clock(),
                                        caches)),
                        new ArtifactStages(
                                new StageTools(
                                        store,
                                        packing,
                                        inherited(),
                                        Thread::sleep,
                                        surroundings.clock())));
        return new ConfiguredRunner(
                config,
                settings(config),
                client,
                client::reports,
                lanes(config, caches, store),
                _ -> files,
                new SecretResolver(List.of(new VaultProvider(http), awsSecrets()), Thread::sleep),
                RunnerCertificates.of(config, configDirectory));
    }

    private HttpClient http(RunnerConfig config, Duration connectionMaxAge) {
        ClientSettings settings =
                ClientSettings.DEFAULTS
                        .withConnectionMaxAge(connectionMaxAge)
                        .withEnvironment(surroundings.environment())
                        .withTls(config.tlsCaFile(), config.tlsCertFile(), config.tlsKeyFile())
                        .withCertificates(
                                configDirectory.resolve("certs"),
                                java.net.URI.create(config.url()).getHost());
        return clients.computeIfAbsent(settings, wanted -> HttpClient.open(loops, wanted));
    }

    private AwsSecretsProvider awsSecrets() {
        ClientSettings plain = ClientSettings.DEFAULTS.withEnvironment(surroundings.environment());
        return new AwsSecretsProvider(
                clients.computeIfAbsent(plain, wanted -> HttpClient.open(loops, wanted)),
                new MachineKeys(),
                Optional.empty(),
                surroundings.clock());
    }

    private RunnerSettings settings(RunnerConfig config) {
        return ConfiguredRunner.settings(
                config,
                systemId.value(),
                new RunnerSettings.Product(
                        "armrunner",
                        version.version(),
                        version.revision(),
                        "linux/" + Version.architecture()));
    }

    private LaneBoard lanes(
            RunnerConfig config, Optional<CacheTools.Remote> caches, ArtifactStore store)
            throws UserError {
        if (config.lanes().isEmpty()) {
            return LaneBoard.single(shell(config, "shell", Optional.empty()));
        }
        List<LaneBoard.Entry> entries = new ArrayList<>();
        for (LaneConfig lane : config.lanes()) {
            entries.add(
                    new LaneBoard.Entry(
                            lane(config, lane, caches, store), lane.executor(), lane.rules()));
        }
        return new LaneBoard(config.token().shortForm(), entries, Ticker.SYSTEM);
    }

    private Lane lane(
            RunnerConfig config,
            LaneConfig lane,
            Optional<CacheTools.Remote> caches,
            ArtifactStore store)
            throws UserError {
        return switch (lane.executor()) {
            case "shell" ->
                    shell(
                            config,
                            lane.name(),
                            Optional.of(
                                    new HostFitness(
                                            lane.floors(),
                                            HostSensors.ofHost(surroundings.clock()))));
            case "codebuild" -> codeBuild(config, lane, caches, store);
            default ->
                    throw new UserError(
                            "runner \"%s\": lane \"%s\" has executor = \"%s\", which is not supported by this version; use \"shell\""
                                    .formatted(config.name(), lane.name(), lane.executor()));
        };
    }

    /** Nothing of AWS is loaded before this, and no call is made before the first job. */
    private Lane codeBuild(
            RunnerConfig config,
            LaneConfig lane,
            Optional<CacheTools.Remote> caches,
            ArtifactStore store)
            throws UserError {
        Optional<String> wrong = CodeBuildLane.check(lane);
        if (wrong.isPresent()) {
            throw new UserError(
                    "runner \"%s\", lane \"%s\": codebuild.%s"
                            .formatted(config.name(), lane.name(), wrong.get()));
        }
        try {
            CodeBuildLane made =
                    CodeBuildLane.open(
                            new CodeBuildLane.Surroundings(
                                    lane.name(),
                                    // One lane and one set of books: what others have begun
                                    // is theirs to end.
                                    CodeBuildLane.managerWord(
                                            String.join(
                                                    "\n",
                                                    systemId.value(),
                                                    lane.name(),
                                                    books.map(Path::toString).orElse("")),
                                            config.token().value()),
                                    config.labels(),
                                    config.jobStatusFinalUpdateRetryLimit(),
                                    AgentMaker.ofProcess(),
                                    caches,
                                    store,
                                    inherited(),
                                    stateDirectory.resolve(
                                            "costs-%s-%s.json"
                                                    .formatted(
                                                            config.token().shortForm(),
                                                            lane.name())),
                                    cloudPlace.keys(),
                                    cloudPlace.roots(),
                                    cloudPlace.speed(),
                                    surroundings.clock(),
                                    Ticker.SYSTEM,
                                    random),
                            lane.codebuild());
            books.ifPresent(directory -> {
                String ours = config.token().shortForm() + ".";
                CodeBuildLane _ = made.reaping(job -> Files.exists(directory.resolve(ours + job)));
            });
            cloud.add(made);
            // Of lanes that were configured anew the newest.
            numbered.put(List.of(config.token().shortForm(), lane.name()), made);
            return made;
        } catch (IllegalArgumentException e) {
            throw new UserError(
                    "runner \"%s\", lane \"%s\": codebuild.%s"
                            .formatted(config.name(), lane.name(), e.getMessage()));
        }
    }

    /** What the lanes in AWS count; any thread. */
    List<LaneNumbers> numbers() {
        return numbered.entrySet().stream()
                .map(entry ->
                        numbers(
                                entry.getKey().getFirst(),
                                entry.getKey().getLast(),
                                entry.getValue()))
                .toList();
    }

    private static LaneNumbers numbers(String runner, String name, CodeBuildLane lane) {
        CostBook.Month month = lane.costs().month();
        return new LaneNumbers(
                runner,
                name,
                lane.limit(),
                month.builds(),
                month.minutes(),
                month.seconds(),
                month.dollars(),
                lane.calls().entrySet().stream()
                        .flatMap(region ->
                                region.getValue().stream()
                                        .map(each ->
                                                new LaneNumbers.Calls(
                                                        region.getKey(),
                                                        each.call(),
                                                        each.outcome(),
                                                        each.count())))
                        .toList());
    }

    private HostShellLane shell(RunnerConfig config, String name, Optional<HostFitness> fitness) {
        return new HostShellLane(
                name,
                new HostShellEnvironment.Host(
                        config.shell(), login, user.orElse(""), inherited(), workingDirectory),
                fitness,
                directory(config.buildsDir(), "builds"),
                directory(config.cacheDir(), "cache"),
                random);
    }

    /** The process's environment; a service without HOME gets the user's, as a login would. */
    private Map<String, String> inherited() {
        Map<String, String> environment = new HashMap<>(surroundings.environment());
        environment.putIfAbsent("HOME", surroundings.home().toString());
        return Map.copyOf(environment);
    }

    private Path directory(Optional<String> configured, String otherwise) {
        String name = configured.orElse(otherwise).replace("$PWD", workingDirectory.toString());
        return workingDirectory.resolve(name).normalize();
    }

    @Override
    public void close() {
        cloud.forEach(CodeBuildLane::close);
        packing.close();
        clients.values().forEach(HttpClient::close);
    }
}
