package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.cache.CacheTools;
import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.fake.FakeAws;
import io.armrunner.codebuild.fake.FakeAwsSettings;
import io.armrunner.codebuild.lane.AgentBundle;
import io.armrunner.codebuild.lane.CodeBuildLane;
import io.armrunner.codebuild.s3.RemoteCaches;
import io.armrunner.config.Config;
import io.armrunner.config.ConfigReader;
import io.armrunner.config.LaneConfig;
import io.armrunner.config.RunnerCertificates;
import io.armrunner.config.RunnerConfig;
import io.armrunner.coordinator.Coordinator;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.RunnerSpec;
import io.armrunner.engine.EngineLimits;
import io.armrunner.engine.JobSecrets;
import io.armrunner.http.ClientSettings;
import io.armrunner.http.HttpClient;
import io.armrunner.lane.RemoteLane;
import io.armrunner.manager.ConfiguredRunner;
import io.armrunner.manager.Journal;
import io.armrunner.manager.LaneBoard;
import io.armrunner.manager.Manager;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.protocol.GitLabClient;
import io.armrunner.protocol.GitLabUrl;
import io.armrunner.protocol.RetryingCaller;
import io.armrunner.testing.CoordinatorExtension;
import io.armrunner.testing.LogDecoder;
import io.armrunner.testing.TestRepository;
import io.armrunner.trace.Ticker;
import io.armrunner.trace.UploadSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import software.amazon.awssdk.services.codebuild.model.ArtifactsType;
import software.amazon.awssdk.services.codebuild.model.ComputeType;
import software.amazon.awssdk.services.codebuild.model.EnvironmentType;
import software.amazon.awssdk.services.codebuild.model.SourceType;

/**
 * A manager whose only lane is CodeBuild, a GitLab of the tests and an AWS of the tests, all in
 * this JVM; the agents are processes of their own, started by the builds' own shell. Time in AWS
 * runs ten times faster.
 */
final class CloudUnderTest implements BeforeEachCallback, AfterEachCallback {
    static final Duration LIMIT = Duration.ofSeconds(60);
    static final String PROJECT = "armrunner-test";
    static final String BUCKET = "armrunner-test";
    private static final int SPEED = 10;
    private static final String ROLE = "armrunner-test-build";
    private static final String TRUST =
            """
            {"Version":"2012-10-17","Statement":[{"Effect":"Allow",
             "Principal":{"Service":"codebuild.amazonaws.com"},"Action":"sts:AssumeRole"}]}
            """;
    private static final String POLICY =
            """
            {"Version":"2012-10-17","Statement":[
             {"Effect":"Allow","Action":["s3:GetObject","s3:GetObjectVersion"],"Resource":"arn:aws:s3:::%1$s/agent/*"},
             {"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],
              "Resource":"arn:aws:s3:::%1$s/jobs/${codebuild:buildArn}/*"},
             {"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}
            """
                    .formatted(BUCKET);

    private final CoordinatorExtension extension =
            new CoordinatorExtension(plain -> plain.withUpdateInterval(Duration.ZERO));
    private UnaryOperator<FakeAwsSettings> change = UnaryOperator.identity();
    private String tables = "";
    private @Nullable FakeAws aws;
    private @Nullable AwsClients clients;
    private @Nullable Manager manager;
    private @Nullable CodeBuildLane lane;
    private @Nullable CoordinatorRunner registered;
    private @Nullable HttpClient http;

    CloudUnderTest with(UnaryOperator<FakeAwsSettings> settings) {
        change = settings;
        return this;
    }

    @Override
    public void beforeEach(ExtensionContext context) throws Exception {
        extension.beforeEach(context);
        Map<String, String> environment = new HashMap<>(TestRepository.environment());
        environment.put("PATH", "/usr/bin:/bin");
        environment.put("JAVA_25_HOME", System.getProperty("java.home"));
        Path home = Files.createDirectories(directory().resolve("home"));
        environment.put("HOME", home.toString());
        FakeAws made =
                FakeAws.start(
                        extension.eventLoops(),
                        change.apply(
                                FakeAwsSettings.of(
                                                directory().resolve("aws"),
                                                environment,
                                                new Random(1))
                                        .withSpeed(SPEED)));
        aws = made;
        AwsClients asAdministrator = AwsClients.open(made.place());
        clients = asAdministrator;
        provision(asAdministrator, made.account());
    }

    private static void provision(AwsClients clients, String account) {
        clients.iam().createRole(r -> r.roleName(ROLE).assumeRolePolicyDocument(TRUST));
        clients.iam()
                .putRolePolicy(r -> r.roleName(ROLE).policyName("build").policyDocument(POLICY));
        clients.s3()
                .createBucket(r ->
                        r.bucket(BUCKET)
                                .createBucketConfiguration(
                                        c -> c.locationConstraint(clients.place().region())));
        clients.logs().createLogGroup(r -> r.logGroupName("/armrunner/boot"));
        clients.codeBuild()
                .createProject(r ->
                        r.name(PROJECT)
                                .source(s ->
                                        s.type(SourceType.NO_SOURCE)
                                                .buildspec(
                                                        "version: 0.2\nphases: {build: {commands: ['exit 1']}}\n"))
                                .artifacts(a -> a.type(ArtifactsType.NO_ARTIFACTS))
                                .environment(e ->
                                        e.type(EnvironmentType.ARM_CONTAINER)
                                                .image(
                                                        "aws/codebuild/amazonlinux-aarch64-standard:3.0")
                                                .computeType(ComputeType.BUILD_GENERAL1_SMALL))
                                .serviceRole("arn:aws:iam::" + account + ":role/" + ROLE));
    }

    /** Tables of the runner, such as {@code [runners.cache]}, for the manager that starts next. */
    CloudUnderTest configured(String toml) {
        tables = toml;
        return this;
    }

    /** Starts the manager; {@code lines} go into the lane's codebuild table. */
    CloudUnderTest start(String... lines) throws Exception {
        if (registered == null) {
            registered = gitlab().registerRunner(new RunnerSpec("cloud", List.of(), true));
        }
        StringBuilder toml = new StringBuilder("[[runners]]\nname = \"cloud\"\n");
        toml.append("url = \"").append(gitlab().url()).append("\"\n");
        toml.append("token = \"").append(registered.token().value()).append("\"\n");
        toml.append("executor = \"codebuild\"\n[runners.codebuild]\n");
        toml.append("project = \"").append(PROJECT).append("\"\n");
        toml.append("region = \"").append(aws().place().region()).append("\"\n");
        toml.append("bucket = \"").append(BUCKET).append("\"\n");
        toml.append("endpoint = \"").append(aws().endpoint()).append("\"\n");
        for (String line : lines) {
            toml.append(line).append('\n');
        }
        toml.append(tables);
        Config config = ConfigReader.read(toml.toString(), "config.toml", Map.of()).config();
        RunnerConfig runner = config.runners().getFirst();
        SecureRandom random = new SecureRandom();
        http = HttpClient.open(extension.eventLoops(), ClientSettings.DEFAULTS);
        GitLabClient client =
                new GitLabClient(
                        new RetryingCaller(
                                http,
                                Identity.userAgent(),
                                InstantSource.system(),
                                random,
                                Thread::sleep),
                        GitLabUrl.of(runner.url()),
                        runner.token(),
                        "s_0123456789ab",
                        Identity.of(runner));
        LaneConfig entry = runner.lanes().getFirst();
        CodeBuildLane made =
                CodeBuildLane.open(
                        surroundings(random, RemoteCaches.open("cloud", runner.cache(), http)),
                        entry.codebuild());
        lane = made;
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
                                "cloud",
                                List.of(new LaneBoard.Entry(made, entry.executor(), entry.rules())),
                                Ticker.SYSTEM),
                        _ -> (_, _, _) -> {},
                        JobSecrets.NONE,
                        RunnerCertificates.of(runner, directory().resolve("config")));
        Manager started =
                new Manager(
                        new Manager.Settings(
                                50, Duration.ofMillis(50), Duration.ofSeconds(10), "host"),
                        new Journal(journal()),
                        EngineLimits.DEFAULT,
                        new UploadSettings(
                                Duration.ofMillis(100),
                                Duration.ofMillis(20),
                                Duration.ofMillis(300),
                                10,
                                Duration.ofMinutes(1)),
                        InstantSource.system(),
                        Ticker.SYSTEM);
        manager = started;
        started.start(List.of(configured));
        return this;
    }

    /** Ends the manager and starts another one with the same books. */
    void restart() throws Exception {
        manager().stop("terminated");
        lane().close();
        java.util.Objects.requireNonNull(http).close();
        start();
    }

    private CodeBuildLane.Surroundings surroundings(
            SecureRandom random, Optional<CacheTools.Remote> caches) {
        Path disk = directory().resolve("build-disk");
        return new CodeBuildLane.Surroundings(
                "cloud",
                "m-test",
                Map.of(),
                10,
                () ->
                        AgentBundle.ofClassPath(
                                System.getProperty("java.class.path"), AgentMain.class.getName()),
                caches,
                directory().resolve("costs.json"),
                aws().place().keys(),
                new RemoteLane.Roots(
                        disk.resolve("builds").toString(), disk.resolve("cache").toString()),
                SPEED,
                aws().time(),
                Ticker.SYSTEM,
                random);
    }

    Coordinator gitlab() {
        return extension.coordinator();
    }

    CoordinatorExtension extension() {
        return extension;
    }

    FakeAws aws() {
        return java.util.Objects.requireNonNull(aws);
    }

    AwsClients clients() {
        return java.util.Objects.requireNonNull(clients);
    }

    Manager manager() {
        return java.util.Objects.requireNonNull(manager);
    }

    CodeBuildLane lane() {
        return java.util.Objects.requireNonNull(lane);
    }

    Path directory() {
        return extension.directory();
    }

    /** Makes later builds find an empty disk, as each build of AWS does. */
    void newDisk() throws IOException {
        Path disk = directory().resolve("build-disk");
        if (Files.exists(disk)) {
            Files.move(disk, directory().resolve("build-disk-" + System.nanoTime()));
        }
    }

    Path journal() {
        return directory().resolve("state/jobs");
    }

    JobBuilder job() {
        return gitlab().job("job");
    }

    /** Queues a job and waits for its end, and for the manager's own. */
    CoordinatorJob run(JobBuilder job) throws Exception {
        CoordinatorJob queued = job.enqueue();
        queued.awaitFinished(LIMIT);
        awaitIdle();
        return queued;
    }

    void awaitIdle() throws InterruptedException {
        assertThat(manager().awaitIdle(LIMIT)).as("all jobs end").isTrue();
    }

    static String log(CoordinatorJob job) {
        return LogDecoder.plain(job.log());
    }

    /** Names of the objects of jobs that are left in the bucket. */
    List<String> leftObjects() {
        return clients()
                .s3()
                .listObjectsV2(list -> list.bucket(BUCKET).prefix("jobs/"))
                .contents()
                .stream()
                .map(object -> object.key())
                .toList();
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        try {
            Optional.ofNullable(manager)
                    .ifPresent(used -> {
                        used.drain();
                        used.close();
                    });
            Optional.ofNullable(lane).ifPresent(CodeBuildLane::close);
            if (Files.exists(journal())) {
                try (Stream<Path> left = Files.list(journal())) {
                    assertThat(left).as("jobs in the books after their delivery").isEmpty();
                }
            }
        } finally {
            Optional.ofNullable(clients).ifPresent(AwsClients::close);
            Optional.ofNullable(aws).ifPresent(FakeAws::close);
            Optional.ofNullable(http).ifPresent(HttpClient::close);
            extension.afterEach(context);
        }
    }
}
