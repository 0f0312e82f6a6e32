package io.armrunner.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.RecordedRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The first and the last call on a job (runner-protocol §3.7, §5). */
final class PickUpTest {
    @RegisterExtension final RunnerUnderTest runner = new RunnerUnderTest();

    private Path mark() {
        return runner.directory().resolve("ran");
    }

    private JobBuilder marking() {
        return runner.job().script("touch " + mark());
    }

    private List<RecordedRequest> callsOn(CoordinatorJob job) {
        return runner.gitlab().requests().stream()
                .filter(request -> request.path().contains("/jobs/" + job.id()))
                .toList();
    }

    @Test
    @Tag("RP-43")
    void theFirstCallOnAJobSaysThatItRuns() throws Exception {
        Ended job = runner.run(marking()).succeeded();

        RecordedRequest first = callsOn(job.job()).getFirst();
        assertThat(first.endpoint()).isEqualTo(Endpoint.UPDATE);
        assertThat(job.job().updates().getFirst().state()).isEqualTo("running");
        assertThat(mark()).exists();
    }

    @Test
    @Tag("RP-44")
    void aJobThatIsGoneIsLeftAlone() throws Exception {
        for (int status : new int[] {403, 404}) {
            runner.gitlab().faults().on(Endpoint.UPDATE).answer(status);
            CoordinatorJob job = runner.queue(marking());
            leftAlone(job);
        }
        runner.gitlab().faults().on(Endpoint.UPDATE).answer(200, Map.of("Job-Status", "canceled"));
        leftAlone(runner.queue(marking()));
        assertThat(mark()).doesNotExist();
    }

    private void leftAlone(CoordinatorJob job) throws InterruptedException {
        await().atMost(RunnerUnderTest.LIMIT).until(() -> !callsOn(job).isEmpty());
        runner.awaitIdle();
        assertThat(callsOn(job)).hasSize(1);
        job.forceCancel();
    }

    @Test
    void aJobThatFindsNoRoomInTheBooksIsReported() throws Exception {
        runner.start();
        Files.delete(runner.journal());
        Files.createFile(runner.journal());
        CoordinatorJob job = runner.queue(marking());
        assertThat(job.awaitFinished(RunnerUnderTest.LIMIT)).isEqualTo(JobState.FAILED);
        assertThat(job.failureReason()).contains("runner_system_failure");
        assertThat(mark()).doesNotExist();
        runner.awaitIdle();
        Files.delete(runner.journal());
        Files.createDirectory(runner.journal());
        runner.run(marking()).succeeded();
    }

    @Test
    @Tag("RP-45")
    void aJobThatIsBeingCanceledIsReportedAndNotRun() throws Exception {
        runner.gitlab().faults().on(Endpoint.UPDATE).answer(200, Map.of("Job-Status", "canceling"));
        runner.extension().expectViolations();
        CoordinatorJob job = runner.queue(marking());
        await().atMost(RunnerUnderTest.LIMIT).until(() -> job.state().isFinished());

        assertThat(job.updates().getLast().state()).isEqualTo("failed");
        assertThat(job.updates().getLast().body().path("failure_reason").asText())
                .isEqualTo("job_canceled");
        assertThat(mark()).doesNotExist();
    }

    @Test
    @Tag("RP-46")
    void aServerInTroubleDoesNotKeepAJobFromRunning() throws Exception {
        runner.gitlab().faults().on(Endpoint.UPDATE).cut();
        runner.run(marking()).succeeded();
        assertThat(mark()).exists();
        // All attempts of the retry layer, which doubles its pauses from a tenth of a second.
        runner.gitlab().faults().on(Endpoint.UPDATE).times(5).answer(500);
        Ended job = runner.run(runner.job().script("echo ran")).succeeded();
        assertThat(job.output()).containsExactly("ran");
    }

    @Test
    @Tag("RP-81")
    @Tag("RP-82")
    void aReportThatWillNeverBeTakenIsNotRepeated() throws Exception {
        for (int status : new int[] {403, 404}) {
            runner.gitlab().faults().on(Endpoint.FINAL_UPDATE).answer(status);
            CoordinatorJob job = runner.queue(runner.job().script("true"));
            await().atMost(RunnerUnderTest.LIMIT)
                    .until(() ->
                            callsOn(job).stream()
                                    .anyMatch(call -> call.endpoint() == Endpoint.FINAL_UPDATE));
            runner.awaitIdle();
            assertThat(
                            callsOn(job).stream()
                                    .filter(call -> call.endpoint() == Endpoint.FINAL_UPDATE))
                    .hasSize(1);
            job.forceCancel();
        }
        Ended failed = runner.run(runner.job().script("false"));
        runner.awaitIdle();
        assertThat(
                        callsOn(failed.job()).stream()
                                .filter(call -> call.endpoint() == Endpoint.FINAL_UPDATE))
                .hasSize(1);
        assertThat(failed.state()).isEqualTo(JobState.FAILED);
    }

    @Test
    @Tag("RP-41")
    void aJobThatCannotBeReadIsRefusedByTheNameOfItsField() throws Exception {
        Ended ended =
                runner.run(
                        runner.job()
                                .script("echo never")
                                .customize(payload ->
                                        ((ObjectNode) payload.path("variables").get(0))
                                                .putArray("value")
                                                .add("secret words")));

        ended.failed(
                "runner_system_failure",
                " (system failure): GitLab sent a job whose field variables[0].value is not what it should be");
        assertThat(ended.log()).doesNotContain("secret words");
        runner.run(runner.job().script("true")).succeeded();
    }
}
