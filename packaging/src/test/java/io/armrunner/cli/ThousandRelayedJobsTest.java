package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.JobState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A thousand builds at once that do not reach GitLab, each of which prints more than the manager
 * could hold for all of them: what it has no time for waits in S3.
 */
@Timeout(1800)
final class ThousandRelayedJobsTest {
    private static final int JOBS = 1000;

    /** Each job is looked for every few seconds; much faster, and it is the fake that is busy. */
    private static final int SPEED = 2;

    /** A quarter of what may be used, and no more than all the jobs print. */
    private static final String HEAP = "-Xmx256m";

    private static final Duration LIMIT = Duration.ofMinutes(14);

    private final ScriptedAgents agents = new ScriptedAgents(SPEED);

    @RegisterExtension
    final CloudUnderTest cloud =
            new CloudUnderTest()
                    .faster(SPEED)
                    .with(settings -> settings.withWork(agents).withQuota(JOBS + 10));

    @AfterEach
    void close() {
        agents.close();
    }

    private static void eventually(String what, Callable<Boolean> condition) {
        await(what).atMost(LIMIT).pollInterval(Duration.ofMillis(200)).until(condition);
    }

    @Test
    @Tag("CB-60")
    void whatAThousandBuildsSayPassesThroughASmallHeap(TestReporter reporter) throws Exception {
        CloudRunner.Words words = cloud.words("relay = true").atOnce(JOBS + 10);
        try (CloudProcess manager = CloudProcess.start(words, HEAP)) {
            List<CoordinatorJob> jobs = new ArrayList<>();
            for (int i = 0; i < JOBS; i++) {
                jobs.add(
                        cloud.job()
                                .variable("GIT_STRATEGY", "none")
                                .script("true")
                                .timeout(Duration.ofHours(12))
                                .enqueue());
            }
            eventually("all run", () -> agents.running() == JOBS);
            agents.go();
            eventually("all end", () -> jobs.stream().allMatch(job -> job.state().isFinished()));
            eventually("the books are empty", () -> words.journal().toFile().list().length == 0);

            assertThat(manager.process().isAlive()).as(manager.printed()).isTrue();
            reporter.publishEntry("calls", cloud.aws().counts().toString());
        }
        assertThat(agents.jobs()).doesNotHaveDuplicates().hasSize(JOBS);
        assertThat(cloud.gitlab().jobs())
                .hasSize(JOBS)
                .allSatisfy(job -> {
                    assertThat(job.state()).isEqualTo(JobState.SUCCESS);
                    assertThat(CloudUnderTest.log(job).lines().filter(ScriptedAgents::isPrinted))
                            .hasSize(ScriptedAgents.RELAYED_PIECES * ScriptedAgents.RELAYED_LINES);
                });
        assertThat(cloud.leftObjects()).isEmpty();
    }
}
