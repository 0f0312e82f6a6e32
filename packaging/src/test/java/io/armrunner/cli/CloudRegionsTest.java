package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.setup.Installation;
import io.armrunner.codebuild.setup.Setup;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.JobState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import software.amazon.awssdk.services.codebuild.model.AccountLimitExceededException;
import software.amazon.awssdk.services.codebuild.model.Build;

/** A lane of two regions, in which the installation was set up. */
final class CloudRegionsTest {
    private static final String FIRST = "us-east-1";
    private static final String SECOND = "us-west-2";

    private final AgentThreads agents = new AgentThreads();

    @RegisterExtension
    final CloudUnderTest cloud =
            new CloudUnderTest().faster(20).with(settings -> settings.withWork(agents));

    private Path runs;

    @BeforeEach
    void setUp() throws Exception {
        runs = cloud.directory().resolve("runs");
        for (String region : List.of(FIRST, SECOND)) {
            try (AwsClients clients = in(region)) {
                new Setup(Installation.of("test", region, cloud.aws().account()), clients)
                        .apply(_ -> {});
            }
        }
        // The least that start_timeout can be; the lane's other waits are shorter here.
        cloud.toml(usual ->
                usual.replaceAll(
                                "bucket = .*",
                                "bucket = \"armrunner-test-%s-{region}\""
                                        .formatted(cloud.aws().account()))
                        .replaceAll(
                                "region = \"eu-.*",
                                "regions = [\"%s\", \"%s\"]\nstart_timeout = \"10s\""
                                        .formatted(FIRST, SECOND)));
    }

    private AwsClients in(String region) {
        return AwsClients.open(cloud.aws().place().in(region));
    }

    private List<Build> builds(String region) {
        return cloud.aws().region(region).codeBuild().builds();
    }

    private static void eventually(Callable<Boolean> what) {
        await().atMost(CloudUnderTest.LIMIT).until(what);
    }

    /** Somebody else's builds, one more than the account may run there, or as many as it takes. */
    private void crowd(boolean whole) {
        cloud.aws().region(FIRST).quotas().limit(BuildSize.SMALL, 1);
        agents.hold();
        try (AwsClients clients = in(FIRST)) {
            do {
                var _ =
                        clients.codeBuild()
                                .startBuild(start -> start.projectName(CloudUnderTest.PROJECT));
            } while (whole);
        } catch (AccountLimitExceededException _) {
            // Not even the queue has room.
        }
    }

    private void wasRunOnceInTheSecond(CoordinatorJob job)
            throws IOException, InterruptedException {
        assertThat(job.awaitFinished(CloudUnderTest.LIMIT))
                .as(CloudUnderTest.log(job))
                .isEqualTo(JobState.SUCCESS);
        cloud.awaitIdle();
        assertThat(Files.readAllLines(runs)).hasSize(1);
        assertThat(builds(SECOND))
                .singleElement()
                .extracting(Build::buildStatusAsString)
                .isEqualTo("SUCCEEDED");
        assertThat(CloudUnderTest.log(job))
                .contains("CodeBuild arm64 small in us-west-2: ", "Job succeeded");
    }

    private CoordinatorJob job() throws IOException, InterruptedException {
        return cloud.job().script("echo ran >> " + runs).enqueue();
    }

    @Test
    void aBuildThatHasNoMachineInTimeIsStartedInTheNextRegion() throws Exception {
        crowd(false);
        cloud.start();
        CoordinatorJob job = job();
        eventually(() -> !builds(SECOND).isEmpty());
        agents.go();

        wasRunOnceInTheSecond(job);
        assertThat(CloudUnderTest.log(job))
                .contains(
                        "no machine in us-east-1 within 10 s; starting another build in us-west-2");
        eventually(() -> builds(FIRST).getLast().buildStatusAsString().equals("STOPPED"));
        assertThat(builds(FIRST)).hasSize(2);
    }

    @Test
    void aMachineThatDoesNotComeUpInTimeIsLeftForOneElsewhere() throws Exception {
        cloud.aws().region(FIRST).codeBuild().provisioningTakes(Duration.ofHours(2));
        cloud.start();
        CoordinatorJob job = job();

        wasRunOnceInTheSecond(job);
        eventually(() -> builds(FIRST).getLast().buildStatusAsString().equals("STOPPED"));
        assertThat(builds(FIRST)).hasSize(1);
        try (AwsClients clients = in(FIRST)) {
            assertThat(
                            clients.s3()
                                    .listObjectsV2(list ->
                                            list.bucket(
                                                            "armrunner-test-%s-us-east-1"
                                                                    .formatted(
                                                                            cloud.aws().account()))
                                                    .prefix("jobs/"))
                                    .contents())
                    .as("the job is not left there")
                    .isEmpty();
        }
    }

    @Test
    void aRegionThatTakesNoMoreBuildsIsLeftForTheNext() throws Exception {
        crowd(true);
        List<Build> others = new ArrayList<>(builds(FIRST));
        cloud.start();
        CoordinatorJob job = job();
        eventually(() -> !builds(SECOND).isEmpty());
        agents.go();

        wasRunOnceInTheSecond(job);
        assertThat(CloudUnderTest.log(job))
                .contains(
                        "CodeBuild takes no more builds for now: ",
                        "Cannot have more than",
                        "in us-east-1 had no room within 10s: ",
                        "starting another build in us-west-2");
        assertThat(builds(FIRST)).hasSameSizeAs(others);
    }

    @Test
    void aRegionThatGrantsTheAccountNoBuildIsLeftAtOnce() throws Exception {
        cloud.aws().region(FIRST).quotas().limit(BuildSize.SMALL, 0);
        cloud.start();
        CoordinatorJob job = job();

        wasRunOnceInTheSecond(job);
        assertThat(CloudUnderTest.log(job)).contains("raise the quota L-5ED1D25B");
    }

    @Test
    void whileARegionIsDownJobsRunInTheNext() throws Exception {
        cloud.aws().region(FIRST).down(true);
        cloud.start();
        CoordinatorJob job = job();

        wasRunOnceInTheSecond(job);
        assertThat(builds(FIRST)).isEmpty();
    }
}
