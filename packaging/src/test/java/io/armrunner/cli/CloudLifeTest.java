package io.armrunner.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobState;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.codebuild.model.Build;
import software.amazon.awssdk.services.codebuild.model.EnvironmentVariable;
import software.amazon.awssdk.services.codebuild.model.EnvironmentVariableType;

/**
 * What a manager does with builds when not all goes well: builds that nobody waits for, jobs that
 * are cancelled, an AWS that does not answer. Time in AWS runs twenty times faster here: enough for
 * a test, and slow enough for a busy machine to keep up with it.
 */
@Timeout(300)
final class CloudLifeTest {
    private static final int SPEED = 20;
    private final AgentThreads agents = new AgentThreads(SPEED);

    @RegisterExtension
    final CloudUnderTest cloud =
            new CloudUnderTest().faster(SPEED).with(settings -> settings.withWork(agents));

    private Path file(String name) {
        return cloud.directory().resolve(name);
    }

    private String until(String name) {
        return "until [ -e %s ]; do sleep 0.1; done".formatted(file(name));
    }

    private static void eventually(Callable<Boolean> what) {
        await().atMost(CloudUnderTest.LIMIT).until(what);
    }

    private List<Build> builds() {
        return cloud.aws().codeBuild().builds();
    }

    private String status(String arn) {
        return builds().stream()
                .filter(build -> build.arn().equals(arn))
                .findFirst()
                .orElseThrow()
                .buildStatusAsString();
    }

    private static EnvironmentVariable marker(String name, String value) {
        return EnvironmentVariable.builder()
                .name(name)
                .value(value)
                .type(EnvironmentVariableType.PLAINTEXT)
                .build();
    }

    /** A build with these markers, which is not in anybody's books. */
    private String stray(String manager, String job) {
        String arn =
                cloud.clients()
                        .codeBuild()
                        .startBuild(start ->
                                start.projectName(CloudUnderTest.PROJECT)
                                        .environmentVariablesOverride(
                                                marker("ARMRUNNER_MANAGER", manager),
                                                marker("ARMRUNNER_JOB", job),
                                                marker("ARMRUNNER_ATTEMPT", "1")))
                        .build()
                        .arn();
        cloud.clients()
                .s3()
                .putObject(
                        put ->
                                put.bucket(CloudUnderTest.BUCKET)
                                        .key("jobs/" + arn + "/payload.json"),
                        RequestBody.fromString("{}"));
        return arn;
    }

    // ---- builds that nobody waits for

    @Test
    @Tag("CB-49")
    void buildsThatAreInNoBooksAreEndedAndThoseOfOthersAreNot() throws Exception {
        agents.hold();
        String ours = stray("m-test", "999999");
        String others = stray("m-test2", "999999");
        cloud.aws().faults().on("codebuild:ListBuildsForProject").always().serverError();
        cloud.start();
        CoordinatorJob job = cloud.job().script("true").enqueue();
        eventually(() -> cloud.aws().count("codebuild:ListBuildsForProject") > 5);
        assertThat(job.state())
                .as("no job before the builds are known")
                .isEqualTo(JobState.PENDING);

        cloud.aws().faults().clear();
        eventually(() -> status(ours).equals("STOPPED"));
        agents.go();
        assertThat(job.awaitFinished(CloudUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        cloud.awaitIdle();
        assertThat(status(others)).isNotEqualTo("STOPPED");
        assertThat(cloud.leftObjects()).containsExactly("jobs/" + others + "/payload.json");
        assertThat(cloud.aws().count("codebuild:StopBuild")).isEqualTo(1);
    }

    @Test
    @Tag("CB-49")
    void aManagerThatLostItsBooksEndsItsBuildsAndTakesJobsAgain() throws Exception {
        cloud.start();
        CoordinatorJob lost = cloud.job().script("echo begun", "sleep 600").enqueue();
        lost.awaitLog("begun", CloudUnderTest.LIMIT);
        cloud.restart(() -> {
            try (Stream<Path> files = Files.walk(cloud.journal())) {
                for (Path each : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                    Files.delete(each);
                }
            }
        });
        CoordinatorJob next = cloud.job().script("true").enqueue();

        assertThat(next.awaitFinished(CloudUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        cloud.awaitIdle();
        eventually(() -> builds().getFirst().buildStatusAsString().equals("STOPPED"));
        assertThat(cloud.leftObjects()).isEmpty();
        assertThat(lost.state()).isEqualTo(JobState.RUNNING);
        lost.fail("stuck_or_timeout_failure");
    }

    @Test
    void whatLiesInTheBucketForDaysIsRemoved() throws Exception {
        String key = "jobs/arn:aws:codebuild:eu-west-3:1:build/gone:1/result.json";
        cloud.clients()
                .s3()
                .putObject(
                        put -> put.bucket(CloudUnderTest.BUCKET).key(key),
                        RequestBody.fromString("{}"));
        cloud.start();
        cloud.run(cloud.job().script("true"));
        assertThat(cloud.leftObjects()).containsExactly(key);

        cloud.wrongBy(Duration.ofDays(3)).restart();
        eventually(() -> cloud.leftObjects().isEmpty());
    }

    @Test
    @Tag("CB-15")
    @Tag("CB-5")
    void aStartThatStaysUnclearIsFoundAmongTheBuildsAndItsDoubleIsEnded() throws Exception {
        cloud.start();
        long next = cloud.run(cloud.job().script("true")).id() + 1;
        agents.hold();
        // The name of its manager begins like ours.
        String other = stray("m-test2", Long.toString(next));
        cloud.aws().faults().on("codebuild:StartBuild").loseAnswer();
        cloud.aws().faults().on("codebuild:StartBuild").always().cut();
        Instant begun = cloud.aws().time().instant();
        CoordinatorJob job = cloud.job().script("echo ran >> " + file("runs")).enqueue();
        assertThat(job.id()).isEqualTo(next);
        eventually(() -> builds().size() == 3);
        String twin =
                cloud.clients()
                        .codeBuild()
                        .retryBuild(retry -> retry.id(builds().get(2).id()))
                        .build()
                        .arn();
        eventually(() -> cloud.aws().count("codebuild:StopBuild") == 1);
        assertThat(Duration.between(begun, cloud.aws().time().instant()))
                .as("so long the same start is tried again")
                .isGreaterThanOrEqualTo(Duration.ofMinutes(4));
        agents.go();

        assertThat(job.awaitFinished(CloudUnderTest.LIMIT))
                .as(CloudUnderTest.log(job))
                .isEqualTo(JobState.SUCCESS);
        cloud.awaitIdle();
        assertThat(Files.readAllLines(file("runs"))).hasSize(1);
        assertThat(status(other)).as("it is no build of this job").isNotEqualTo("STOPPED");
        assertThat(status(twin)).as("the newest").isEqualTo("SUCCEEDED");
        eventually(() -> status(builds().get(2).arn()).equals("STOPPED"));
    }

    @Test
    @Tag("CB-15")
    void aSecondBuildOfAJobFindsNoneAndEndsByItself() throws Exception {
        cloud.start();
        cloud.run(cloud.job().script("echo ran >> " + file("runs")));
        String twin =
                cloud.clients()
                        .codeBuild()
                        .retryBuild(retry -> retry.id(builds().getFirst().id()))
                        .build()
                        .arn();
        eventually(() -> !status(twin).equals("IN_PROGRESS"));

        assertThat(status(twin)).isEqualTo("SUCCEEDED");
        assertThat(Files.readAllLines(file("runs"))).hasSize(1);
        Build second = builds().getLast();
        assertThat(
                        second.phases().stream()
                                .filter(phase -> phase.phaseTypeAsString().equals("BUILD"))
                                .findFirst()
                                .orElseThrow()
                                .durationInSeconds())
                .as("much less than a build may take")
                .isLessThan(1200);
    }

    // ---- a job that ends otherwise

    @Test
    @Tag("CB-43")
    @Tag("CB-45")
    void aJobThatIsCancelledBeforeItHasAMachineCostsNothing() throws Exception {
        cloud.aws().region().quotas().limit(BuildSize.SMALL, 1);
        agents.hold();
        String before = stray("m-test2", "1");
        cloud.start();
        CoordinatorJob job = cloud.job().script("true").enqueue();
        eventually(() -> builds().size() == 2);
        // It is as good as done when the build is over, or when nobody knows it.
        cloud.aws()
                .faults()
                .on("codebuild:StopBuild")
                .refuse(400, "ResourceNotFoundException", "Build cannot be found");
        job.cancel();
        eventually(() -> job.state().isFinished());
        cloud.awaitIdle();

        assertThat(job.state()).isEqualTo(JobState.CANCELED);
        assertThat(cloud.aws().count("codebuild:StopBuild")).isEqualTo(1);
        assertThat(status(before)).isEqualTo("IN_PROGRESS");
        String its = builds().getLast().arn();
        assertThat(status(its)).isEqualTo("IN_PROGRESS");
        // The next look finds it, since its job is over.
        eventually(() -> status(its).equals("STOPPED"));
        Build stopped = builds().getLast();
        assertThat(stopped.phases())
                .as("it never had a machine")
                .noneMatch(phase -> phase.phaseTypeAsString().equals("PROVISIONING"));
    }

    @Test
    @Tag("CB-51")
    @Tag("CB-48")
    void aManagerThatDrainsTakesNoMoreJobsAndWhenItIsHurriedLeavesItsBuilds() throws Exception {
        cloud.start();
        CoordinatorJob running = cloud.job().script("echo begun", until("go")).enqueue();
        running.awaitLog("begun", CloudUnderTest.LIMIT);
        cloud.manager().drain();
        CoordinatorJob later = cloud.job().script("true").enqueue();
        assertThat(cloud.manager().awaitIdle(Duration.ofMillis(500))).isFalse();
        assertThat(later.state()).isEqualTo(JobState.PENDING);
        assertThat(cloud.manager().stop("terminated")).isTrue();
        assertThat(running.state()).isEqualTo(JobState.RUNNING);
        assertThat(cloud.aws().count("codebuild:StopBuild")).isZero();

        cloud.restart();
        Files.createFile(file("go"));
        assertThat(running.awaitFinished(CloudUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        assertThat(later.awaitFinished(CloudUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        cloud.awaitIdle();
        assertThat(builds()).hasSize(2);
    }

    @Test
    @Tag("CB-40")
    void theEndIsToldOnceWhateverBecomesOfTheAnswer() throws Exception {
        cloud.start();
        cloud.gitlab().faults().on(Endpoint.FINAL_UPDATE).loseAnswer();
        cloud.gitlab().faults().on(Endpoint.FINAL_UPDATE).answer(503);
        CoordinatorJob job = cloud.run(cloud.job().script("true"));

        assertThat(job.state()).isEqualTo(JobState.SUCCESS);
        assertThat(job.updates().stream().filter(update -> update.isFinal() && update.isAccepted()))
                .hasSize(1);
        assertThat(builds().getFirst().buildStatusAsString()).isEqualTo("SUCCEEDED");
    }

    @Test
    @Tag("CB-41")
    void aJobWhoseEndGitLabCouldNotHearIsEndedByTheManagerLater() throws Exception {
        cloud.start();
        CoordinatorJob job =
                cloud.job().script("echo begun", until("go"), "echo behind it", "exit 3").enqueue();
        job.awaitLog("begun", CloudUnderTest.LIMIT);
        cloud.gitlab().goDown();
        Files.createFile(file("go"));
        eventually(() -> builds().getFirst().buildStatusAsString().equals("FAILED"));
        cloud.gitlab().comeUp();
        eventually(() -> job.state().isFinished());
        cloud.awaitIdle();

        assertThat(job.state()).isEqualTo(JobState.FAILED);
        assertThat(job.exitCode()).hasValue(3);
        assertThat(CloudUnderTest.log(job))
                .contains("begun", "behind it", "ERROR: Job failed: exit status 3");
        assertThat(cloud.leftObjects()).isEmpty();
    }

    // ---- an AWS that does not answer

    @Test
    @Tag("CB-8")
    void aStartThatIsThrottledBacksOffAndHoldsUpNobodyElse() throws Exception {
        cloud.start();
        CoordinatorJob running = cloud.job().script("echo begun", until("go")).enqueue();
        running.awaitLog("begun", CloudUnderTest.LIMIT);
        cloud.aws().faults().on("codebuild:StartBuild").always().throttle();
        CoordinatorJob throttled = cloud.job().script("true").enqueue();
        eventually(() -> cloud.aws().count("codebuild:StartBuild") > 3);
        Files.createFile(file("go"));

        assertThat(running.awaitFinished(CloudUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        assertThat(throttled.state()).isEqualTo(JobState.RUNNING);
        cloud.aws().faults().clear();
        assertThat(throttled.awaitFinished(CloudUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        cloud.awaitIdle();
    }

    @Test
    @Tag("CB-55")
    void aBuildThatAwsDoesNotKnowYetIsWaitedFor() throws Exception {
        cloud.start();
        cloud.aws().codeBuild().visibleAfter(Duration.ofSeconds(60));
        CoordinatorJob job = cloud.run(cloud.job().script("echo ran >> " + file("runs")));

        assertThat(job.state()).as(CloudUnderTest.log(job)).isEqualTo(JobState.SUCCESS);
        assertThat(Files.readAllLines(file("runs"))).hasSize(1);
        assertThat(builds()).hasSize(1);
    }

    @Test
    @Tag("CB-52")
    @Tag("CB-53")
    void whileARegionIsDownOrTheKeysHaveExpiredJobsGoOn() throws Exception {
        cloud.start();
        CoordinatorJob job = cloud.job().script("echo begun", until("go")).enqueue();
        job.awaitLog("begun", CloudUnderTest.LIMIT);
        cloud.aws()
                .faults()
                .on("codebuild:*")
                .always()
                .refuse(400, "ExpiredTokenException", "The security token is expired");
        long before = cloud.aws().count("codebuild:BatchGetBuilds");
        eventually(() -> cloud.aws().count("codebuild:BatchGetBuilds") > before + 3);
        assertThat(cloud.lane().calls().getOrDefault("eu-west-3", List.of()))
                .anyMatch(calls ->
                        calls.call().equals("CodeBuild:BatchGetBuilds")
                                && calls.outcome().equals("ExpiredTokenException"));
        cloud.aws().faults().clear();
        cloud.aws().region().down(true);
        Duration outage = cloud.aws().time().real(Duration.ofMinutes(10));
        await().atMost(CloudUnderTest.LIMIT).pollDelay(outage).until(() -> true);
        assertThat(job.state()).isEqualTo(JobState.RUNNING);
        cloud.aws().region().down(false);
        Files.createFile(file("go"));

        assertThat(job.awaitFinished(CloudUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        cloud.awaitIdle();
        assertThat(cloud.leftObjects()).isEmpty();
        assertThat(builds()).hasSize(1);
    }

    @Test
    void theAccountsQuotaIsTheLanesLimit() throws Exception {
        cloud.aws().region().quotas().limit(BuildSize.SMALL, 3);
        cloud.start();
        cloud.run(cloud.job().script("true"));
        eventually(() -> cloud.lane().limit() == 3);
    }

    /** The program itself: its lane is closed and says why, and no job is asked for. */
    @Test
    @Tag("CB-52")
    void aServiceWhoseKeysAreNotTakenSaysSoInItsMetrics() throws Exception {
        Files.writeString(
                file("config.toml"), "listen_address = \"127.0.0.1:0\"\n" + cloud.words().toml());
        Map<String, String> keys =
                Map.of("AWS_ACCESS_KEY_ID", "AKIANOBODY", "AWS_SECRET_ACCESS_KEY", "none");
        try (RunnerProcess armrunner =
                RunnerProcess.start(
                        cloud.directory(),
                        keys,
                        "run",
                        "--config",
                        file("config.toml").toString())) {
            CoordinatorJob job = cloud.job().script("true").enqueue();
            armrunner.awaitPrinted("lane_closed");
            armrunner.awaitPrinted("listening address=");
            String address =
                    armrunner.printed().replaceAll("(?s).*listening address=(\\S+).*", "$1");
            eventually(() ->
                    metrics(address)
                            .contains(
                                    "call=\"CodeBuild:ListBuildsForProject\",lane=\"codebuild\",outcome=\"UnrecognizedClientException\",region=\"eu-west-3\""));
            assertThat(metrics(address))
                    .containsPattern(
                            "armrunner_lane_closed[{]lane=\"codebuild\",runner=\"[^\"]+\"} 1.0");
            assertThat(armrunner.printed()).contains("AWS does not know the access key");
            assertThat(job.state()).isEqualTo(JobState.PENDING);
            job.forceCancel();
        }
    }

    private static String metrics(String address) throws IOException {
        try (var in = URI.create("http://" + address + "/metrics").toURL().openStream()) {
            return new String(in.readAllBytes(), UTF_8);
        }
    }
}
