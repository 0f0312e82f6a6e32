package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.fake.FakeAws;
import io.armrunner.codebuild.fake.FakeAwsSettings;
import io.armrunner.codebuild.fake.ShellWork;
import io.armrunner.codebuild.lane.CodeBuildLane;
import io.armrunner.coordinator.Coordinator;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.RunnerSpec;
import io.armrunner.manager.Manager;
import io.armrunner.testing.CoordinatorExtension;
import io.armrunner.testing.LogDecoder;
import io.armrunner.testing.TestRepository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
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
    static final Duration LIMIT = Duration.ofSeconds(100);
    static final String PROJECT = "armrunner-test";
    static final String BUCKET = "armrunner-test";
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
            new CoordinatorExtension(
                    plain -> plain.withUpdateInterval(Duration.ZERO).withArtifactLimit(1L << 30));
    private UnaryOperator<FakeAwsSettings> change = UnaryOperator.identity();
    private String tables = "";
    private List<String> table = List.of();
    private UnaryOperator<String> toml = UnaryOperator.identity();
    private int speed = 10;
    private Duration off = Duration.ZERO;
    private @Nullable FakeAws aws;
    private @Nullable AwsClients clients;
    private @Nullable CloudRunner runner;
    private @Nullable CoordinatorRunner registered;

    /** Time in AWS runs so much faster. */
    CloudUnderTest faster(int factor) {
        speed = factor;
        return this;
    }

    /** The next manager's clock is wrong by so much. */
    CloudUnderTest wrongBy(Duration time) {
        off = time;
        return this;
    }

    CloudUnderTest with(UnaryOperator<FakeAwsSettings> settings) {
        change = settings;
        return this;
    }

    /** Builds are in a region with Lambda compute, and isolated ones can load this program. */
    CloudUnderTest withLambda() {
        return with(settings ->
                settings.withRegion("eu-west-1").withWork(new ShellWork().sharingThisProgram()));
    }

    /** Builds have no Java of their own. */
    CloudUnderTest withoutJava() {
        UnaryOperator<FakeAwsSettings> before = change;
        return with(settings -> {
            FakeAwsSettings as = before.apply(settings);
            Map<String, String> environment = new HashMap<>(as.environment());
            environment.remove("JAVA_25_HOME");
            return as.withEnvironment(environment);
        });
    }

    @Override
    public void beforeEach(ExtensionContext context) throws Exception {
        extension.beforeEach(context);
        Map<String, String> environment = new HashMap<>(TestRepository.environment());
        environment.put("PATH", "/usr/bin:/bin");
        // A build writes into it, and git would put a file in the place of the device.
        environment.remove("GIT_CONFIG_GLOBAL");
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
                                        .withSpeed(speed)));
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
        clients.logs().createLogGroup(r -> r.logGroupName("/armrunner/test/boot"));
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

    /** The configuration of managers that start from now on, after the usual one. */
    CloudUnderTest toml(UnaryOperator<String> other) {
        toml = other;
        return this;
    }

    /** Starts the manager; {@code lines} go into the lane's codebuild table. */
    CloudUnderTest start(String... lines) throws Exception {
        table = List.of(lines);
        runner = CloudRunner.start(extension.eventLoops(), words(lines), this::time);
        return this;
    }

    private Instant time() {
        return aws().time().instant().plus(off);
    }

    /** What a manager of this test is to do; {@code lines} go into the lane's codebuild table. */
    CloudRunner.Words words(String... lines) {
        if (registered == null) {
            registered = gitlab().registerRunner(new RunnerSpec("cloud", List.of(), true));
        }
        return new CloudRunner.Words(
                toml.apply(
                        CloudRunner.toml(
                                        gitlab().url().toString(),
                                        registered.token().value(),
                                        PROJECT,
                                        BUCKET,
                                        aws().place().region(),
                                        aws().endpoint().toString(),
                                        lines)
                                + tables),
                "m-test",
                directory(),
                aws().place().keys().orElseThrow(),
                speed,
                50);
    }

    /** Ends the manager and starts another one with the same books. */
    void restart() throws Exception {
        restart(() -> {});
    }

    /** Something that is done between two managers. */
    @FunctionalInterface
    interface Between {
        void run() throws Exception;
    }

    /** The same, with something that happens between the two. */
    void restart(Between between) throws Exception {
        manager().stop("terminated");
        java.util.Objects.requireNonNull(runner).close();
        between.run();
        start(table.toArray(String[]::new));
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
        return java.util.Objects.requireNonNull(runner).manager();
    }

    CodeBuildLane lane() {
        return java.util.Objects.requireNonNull(runner).lane();
    }

    Path directory() {
        return extension.directory();
    }

    /** The agent of the only build there is. */
    ProcessHandle agent() {
        return ProcessHandle.current()
                .descendants()
                .filter(process -> process.info().command().orElse("").endsWith("/bin/java"))
                .findFirst()
                .orElseThrow();
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

    /** A job with something that AWS must not see: when the test ends, it has not. */
    JobBuilder job() {
        return gitlab().job("job").maskedVariable("PLANTED", FakeAws.SECRET_MARK + "-of-a-job");
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
            for (CoordinatorJob job : gitlab().jobs()) {
                aws().mustNotSee(job.token().value());
            }
            Optional.ofNullable(registered)
                    .ifPresent(each -> aws().mustNotSee(each.token().value()));
            Optional.ofNullable(runner)
                    .ifPresent(used -> {
                        used.manager().drain();
                        used.close();
                    });
            if (Files.exists(journal())) {
                try (Stream<Path> left = Files.list(journal())) {
                    assertThat(left).as("jobs in the books after their delivery").isEmpty();
                }
            }
        } finally {
            Optional.ofNullable(clients).ifPresent(AwsClients::close);
            Optional.ofNullable(aws).ifPresent(FakeAws::close);
            extension.afterEach(context);
        }
    }
}
