package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.codebuild.fake.BuildFault;
import io.armrunner.codebuild.fake.CallFaults;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.codebuild.model.Build;

/**
 * Jobs while all kinds of things go wrong with AWS and GitLab, in an order that chance makes. Two
 * things hold whatever happens: no job is run twice, and each comes to an end.
 */
@Timeout(400)
final class CloudFaultsTest {
    private static final int SPEED = 60;
    private static final int JOBS = 10;
    private static final int TROUBLES = 25;
    private static final Duration LIMIT = Duration.ofSeconds(200);

    @RegisterExtension
    final CloudUnderTest cloud =
            new CloudUnderTest()
                    .faster(SPEED)
                    .with(settings -> settings.withWork(new AgentThreads(6)).withQuota(20));

    private final List<String> story = new ArrayList<>();

    private Path runs(CoordinatorJob job) {
        return cloud.directory().resolve("runs-" + job.id());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    @Tag("CB-3")
    void noJobRunsTwiceAndEachComesToAnEnd(long fixed, TestReporter reporter) throws Exception {
        long seed = Long.getLong("armrunner.faults.seed", fixed);
        reporter.publishEntry("armrunner.faults.seed", Long.toString(seed));
        Random random = new Random(seed);
        cloud.aws().codeBuild().shuffled();
        cloud.aws().region().logs().lateBy(Duration.ofSeconds(10));
        cloud.aws().limit("codebuild:StartBuild", 1, 3);
        cloud.start();
        List<CoordinatorJob> jobs = new ArrayList<>();
        for (int trouble = 0; trouble < TROUBLES; trouble++) {
            if (jobs.size() < JOBS) {
                CoordinatorJob job =
                        cloud.job()
                                .script(
                                        "echo ran >> " + cloud.directory() + "/runs-$CI_JOB_ID",
                                        "sleep 0." + random.nextInt(10))
                                .enqueue();
                jobs.add(job);
            }
            trouble(random);
            // The order of things is what is tried, so they are spread a little.
            await().pollDelay(Duration.ofMillis(100)).until(() -> true);
        }
        for (CoordinatorJob job : jobs) {
            await("seed " + seed + ": " + job + "\n" + String.join("\n", story))
                    .atMost(LIMIT)
                    .until(() -> job.state().isFinished());
        }
        cloud.awaitIdle();

        for (CoordinatorJob job : jobs) {
            int times = Files.exists(runs(job)) ? Files.readAllLines(runs(job)).size() : 0;
            String about = "seed %d, %s\n%s".formatted(seed, job, CloudUnderTest.log(job));
            assertThat(times).as(about).isLessThanOrEqualTo(1);
            if (job.state() == JobState.SUCCESS) {
                assertThat(times).as(about).isEqualTo(1);
            }
        }
    }

    private void trouble(Random random) throws IOException {
        CallFaults faults = cloud.aws().faults();
        int times = 1 + random.nextInt(3);
        int kind = random.nextInt(12);
        story.add(kind + " " + times);
        switch (kind) {
            case 0 -> faults.on("codebuild:StartBuild").times(times).loseAnswer();
            case 1 -> faults.on("codebuild:StartBuild").times(times).garble(200, "{}");
            case 2 -> faults.on("codebuild:StartBuild").times(times).cut();
            case 3 -> faults.on("codebuild:*").times(times).serverError();
            case 4 -> faults.on("codebuild:BatchGetBuilds").times(times).throttle();
            case 5 -> faults.on("s3:PutObject").times(times).refuse(503, "SlowDown", "slow");
            case 6 -> faults.on("s3:GetObject").times(times).refuse(503, "SlowDown", "slow");
            case 7 -> faults.on("s3:DeleteObject").times(times).cut();
            case 8 -> cloud.aws().codeBuild().visibleAfter(Duration.ofSeconds(random.nextInt(60)));
            case 9 -> cloud.aws().codeBuild().nextBuilds(BuildFault.ofService());
            case 10 -> again(random);
            default ->
                    cloud.gitlab()
                            .faults()
                            .on(random.nextBoolean() ? Endpoint.TRACE : Endpoint.FINAL_UPDATE)
                            .times(times)
                            .loseAnswer();
        }
    }

    /** Somebody repeats a build by hand. */
    private void again(Random random) {
        List<Build> builds = cloud.aws().codeBuild().builds();
        if (!builds.isEmpty()) {
            String id = builds.get(random.nextInt(builds.size())).id();
            try {
                var _ = cloud.clients().codeBuild().retryBuild(retry -> retry.id(id));
            } catch (SdkException e) {
                story.add("not repeated: " + e.getMessage());
            }
        }
    }
}
