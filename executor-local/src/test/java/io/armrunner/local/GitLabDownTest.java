package io.armrunner.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.StateUpdate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A GitLab that is away, or hard to reach: no line and no result is lost. */
final class GitLabDownTest {
    private static final int LINES = 60;

    /** Nine tries in a row that are cut, with the pauses between them. */
    private static final Duration UNLUCKY = Duration.ofMinutes(3);

    @RegisterExtension final RunnerUnderTest runner = new RunnerUnderTest();

    private JobBuilder counting() {
        return counting("true");
    }

    private JobBuilder counting(String last) {
        return runner.job()
                .script(
                        "for i in $(seq 1 %d); do echo line $i; [ $((i %% 6)) -ne 0 ] || sleep 0.1; done"
                                .formatted(LINES),
                        last);
    }

    private static void isWhole(Ended job) {
        assertThat(job.output())
                .isEqualTo(IntStream.rangeClosed(1, LINES).mapToObj(i -> "line " + i).toList());
        assertThat(
                        job.job().updates().stream()
                                .filter(StateUpdate::isFinal)
                                .filter(StateUpdate::isAccepted))
                .hasSize(1);
    }

    @Test
    void aPortThatIsClosedInTheMiddleOfAJobAndOpenAgainLosesNothing() throws Exception {
        Path end = runner.directory().resolve("end");
        CoordinatorJob job = runner.queue(counting("touch " + end));
        runner.awaitLog(job, "line 6");
        runner.gitlab().goDown();
        await().atMost(RunnerUnderTest.LIMIT).until(() -> Files.exists(end));
        runner.gitlab().comeUp();
        job.awaitFinished(RunnerUnderTest.LIMIT);
        isWhole(new Ended(job).succeeded());
    }

    @Test
    @Timeout(240)
    void everyThirdConnectionBroken() throws Exception {
        runner.start();
        runner.gitlab().faults().cutEvery(3);
        List<CoordinatorJob> jobs =
                List.of(counting().enqueue(), counting().enqueue(), counting().enqueue());
        for (CoordinatorJob job : jobs) {
            job.awaitFinished(UNLUCKY);
        }
        runner.gitlab().faults().clear();
        for (CoordinatorJob job : jobs) {
            isWhole(new Ended(job).succeeded());
        }
    }

    @Test
    @Tag("RP-60")
    void answersThatAreLostLoseAndDoubleNothing() throws Exception {
        runner.gitlab().faults().on(Endpoint.TRACE).times(4).loseAnswer();
        runner.gitlab().faults().on(Endpoint.FINAL_UPDATE).loseAnswer();
        CoordinatorJob job = runner.queue(counting());
        job.awaitFinished(RunnerUnderTest.LIMIT);
        runner.awaitIdle();
        isWhole(new Ended(job).succeeded());
    }
}
