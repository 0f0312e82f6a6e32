package io.armrunner.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.RecordedRequest;
import io.armrunner.coordinator.StateUpdate;
import io.armrunner.engine.EngineLimits;
import io.armrunner.testing.TestRepository;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What ends a job before its script does: limits, users, GitLab, the runner's own end
 * (job-semantics §1.4, §1.5).
 */
final class JobStopTest {
    @RegisterExtension final RunnerUnderTest runner = new RunnerUnderTest();

    // ---- limits

    @Test
    @Tag("JS-9")
    @Tag("RP-84")
    void aJobPastItsTimeoutEndsWithoutAfterScriptAndArtifacts() throws Exception {
        Ended job =
                runner.run(
                        runner.job()
                                .timeout(Duration.ofSeconds(8))
                                .script("sleep 60")
                                .afterScript("echo never")
                                .artifacts("always", List.of("out/"), List.of()));

        job.failed("job_execution_timeout", ": execution took longer than 8s seconds");
        assertThat(job.stages())
                .containsExactly(
                        "prepare_executor", "prepare_script", "get_sources", "step_script");
    }

    @Test
    @Tag("JS-10")
    void aScriptPastItsTimeoutLeavesTheRestOfTheJob() throws Exception {
        Ended job =
                runner.run(
                        runner.job()
                                .variable("RUNNER_SCRIPT_TIMEOUT", "1s")
                                .script("sleep 60")
                                .afterScript("echo $CI_JOB_STATUS")
                                .artifacts("on_failure", List.of("out/"), List.of()));

        job.failed("job_execution_timeout", ": script timeout: context deadline exceeded");
        assertThat(job.output("after_script")).contains("timedout");
        assertThat(job.stages()).contains("upload_artifacts_on_failure", "cleanup_file_variables");
    }

    @Test
    @Tag("JS-11")
    void aScriptTimeoutWithoutUnitIsWarnedOfAndIgnored() throws Exception {
        Ended job =
                runner.run(runner.job().variable("RUNNER_SCRIPT_TIMEOUT", "600").script("echo hi"))
                        .succeeded();

        assertThat(job.log())
                .contains("WARNING: Ignoring malformed RUNNER_SCRIPT_TIMEOUT timeout: 600");
    }

    @Test
    @Tag("JS-12")
    @Tag("JS-13")
    void anAfterScriptPastItsTimeoutIsCutAndTheJobSucceeds() throws Exception {
        Ended job =
                runner.run(
                                runner.job()
                                        .variable("RUNNER_AFTER_SCRIPT_TIMEOUT", "5s")
                                        .script("true")
                                        .afterScript("echo begun", "sleep 60", "echo never"))
                        .succeeded();

        assertThat(job.output("after_script")).contains("begun").doesNotContain("never");
        assertThat(job.log())
                .contains(
                        "WARNING: after_script failed, but job will continue unaffected: context deadline exceeded");
    }

    @Test
    @Tag("JS-15")
    void gitThatHangsEndsTheJobWithItsOwnLimit() throws Exception {
        TestRepository repository = TestRepository.create(runner.directory().resolve("app"));
        runner.start("get_sources_timeout = \"1s\"");
        JobBuilder job =
                runner.job()
                        .project(runner.gitlab().addProject("group/app", repository.directory()))
                        .script("echo never")
                        .artifacts("always", List.of("out/"), List.of())
                        .cache("k", "c/");
        runner.gitlab().faults().on(Endpoint.GIT_REFS).always().delay(Duration.ofSeconds(20));

        Ended ended = runner.run(job);

        ended.failed("job_execution_timeout", ": get sources timeout: exceeded timeout of 1s");
        assertThat(ended.stages())
                .containsExactly("prepare_executor", "prepare_script", "get_sources");
    }

    // ---- the user

    @Test
    @Tag("JS-16")
    @Tag("JS-93")
    @Tag("JS-94")
    @Tag("RP-85")
    @Tag("RP-86")
    @Tag("RP-96")
    void cancelDuringScriptStillRunsAfterScriptAndKeepsFiles() throws Exception {
        CoordinatorJob job =
                runner.queue(
                        runner.job()
                                .script("echo begun", "sleep 60 & wait", "echo secret-body")
                                .afterScript("echo status is $CI_JOB_STATUS", "sleep 1")
                                .artifacts("always", List.of("out/"), List.of()));
        runner.awaitLog(job, "begun");
        job.cancel();
        job.awaitFinished(RunnerUnderTest.LIMIT);
        Ended ended = new Ended(job);

        assertThat(job.state()).isEqualTo(JobState.CANCELED);
        assertThat(ended.output("after_script")).contains("status is canceled");
        assertThat(ended.log().split("script canceled externally \\(UI, API\\)", -1)).hasSize(2);
        assertThat(ended.log()).contains("WARNING: script canceled externally (UI, API)");
        assertThat(ended.log()).doesNotContain("secret-body").doesNotContain("trap ");
        assertThat(ended.stages())
                .contains("upload_artifacts_on_failure", "cleanup_file_variables");
        assertThat(job.updates().stream().filter(StateUpdate::isFinal)).hasSize(1);
    }

    @Test
    @Tag("JS-93")
    void whoIgnoresTermIsKilledAfterTheGraceAndWhoLeftTheGroupLives() throws Exception {
        Path stubborn = runner.directory().resolve("stubborn");
        Path polite = runner.directory().resolve("polite");
        Path apart = runner.directory().resolve("apart");
        // Long enough for the polite one to be polite on a busy machine.
        runner.withLimits(
                new EngineLimits(
                        Duration.ofMillis(20),
                        Duration.ofSeconds(4),
                        Duration.ofMillis(300),
                        Duration.ofSeconds(5),
                        Duration.ofMillis(100)));
        CoordinatorJob job =
                runner.queue(
                        runner.job()
                                .variable("HERE", runner.directory().toString())
                                .script(
                                        "bash -c 'trap \"\" TERM; echo $BASHPID > $HERE/stubborn; sleep 60 & wait; sleep 60' &",
                                        "bash -c 'trap \"touch $HERE/polite; exit\" TERM; sleep 60 & wait' &",
                                        "setsid bash -c 'echo $BASHPID > $HERE/apart; exec sleep 300' > $HERE/out 2>&1 < /dev/null &",
                                        "until [ -s $HERE/stubborn ] && [ -s $HERE/apart ]; do sleep 0.1; done",
                                        "echo ready",
                                        "wait"));
        runner.awaitLog(job, "ready");
        job.cancel();
        job.awaitFinished(RunnerUnderTest.LIMIT);

        assertThat(polite).exists();
        long left = Long.parseLong(Files.readString(apart).strip());
        long killed = Long.parseLong(Files.readString(stubborn).strip());
        await().atMost(RunnerUnderTest.LIMIT)
                .until(() -> ProcessHandle.of(killed).filter(ProcessHandle::isAlive).isEmpty());
        ProcessHandle survivor = ProcessHandle.of(left).orElseThrow();
        assertThat(survivor.isAlive()).isTrue();
        survivor.destroyForcibly();
        await().atMost(RunnerUnderTest.LIMIT).until(() -> !survivor.isAlive());
    }

    @Test
    @Tag("JS-17")
    @Tag("JS-19")
    @Tag("RP-65")
    void aSilentJobTellsItsStateAndHearsThatItIsOver() throws Exception {
        CoordinatorJob job =
                runner.queue(
                        runner.job().script("echo begun", "sleep 60").afterScript("echo never"));
        // The command that is silent is the last that the log shows.
        runner.awaitLog(job, "$ sleep 60");
        long before = keepAlives(job);
        await().atMost(RunnerUnderTest.LIMIT).until(() -> keepAlives(job) > before + 1);
        await().atMost(RunnerUnderTest.LIMIT)
                .untilAsserted(() ->
                        assertThat(lastUpdate(job).path("output").path("bytesize").asLong())
                                .isEqualTo(job.logSize()));
        StateUpdate told = job.updates().getLast();
        assertThat(told.body().path("output").path("checksum").asText()).startsWith("crc32:");

        job.forceCancel();
        long size = job.logSize();
        runner.awaitIdle();

        assertThat(job.updates()).noneMatch(StateUpdate::isFinal);
        assertThat(job.logSize()).isEqualTo(size);
        assertThat(new Ended(job).stages()).doesNotContain("after_script");
    }

    private static JsonNode lastUpdate(CoordinatorJob job) {
        return job.updates().getLast().body();
    }

    private static long keepAlives(CoordinatorJob job) {
        return job.updates().stream().filter(update -> update.state().equals("running")).count();
    }

    @Test
    @Tag("JS-18")
    @Tag("RP-87")
    void cancelBeforeTheScriptEndsTheJob() throws Exception {
        CoordinatorJob job =
                runner.queue(slowSources().script("echo never").afterScript("echo never"));
        runner.awaitLog(job, "getting ready");
        job.cancel();
        job.awaitFinished(RunnerUnderTest.LIMIT);
        Ended ended = new Ended(job);

        assertThat(job.state()).isEqualTo(JobState.CANCELED);
        assertThat(ended.stages()).doesNotContain("step_script", "after_script");
    }

    private JobBuilder slowSources() throws Exception {
        TestRepository repository = TestRepository.create(runner.directory().resolve("app"));
        return runner.job()
                .project(runner.gitlab().addProject("group/app", repository.directory()))
                .hook("pre_get_sources_script", "echo getting ready", "sleep 60");
    }

    @Test
    @Tag("RP-88")
    void afterACancelAWordThatItIsOverStopsAfterScriptToo() throws Exception {
        CoordinatorJob job =
                runner.queue(
                        runner.job()
                                .script("echo begun", "sleep 60")
                                .afterScript("echo in after", "sleep 60", "echo never"));
        runner.awaitLog(job, "begun");
        job.cancel();
        runner.awaitLog(job, "in after");
        job.forceCancel();
        runner.awaitIdle();

        assertThat(job.updates()).noneMatch(StateUpdate::isFinal);
        assertThat(new Ended(job).output("after_script")).doesNotContain("never");
    }

    // ---- the runner

    @Test
    @Tag("JS-29")
    @Tag("RP-84")
    void aRunnerThatIsToldToStopReportsItsJobs() throws Exception {
        runner.withShutdown(RunnerUnderTest.LIMIT);
        CoordinatorJob job =
                runner.queue(
                        runner.job().script("echo begun", "sleep 60").afterScript("echo never"));
        runner.awaitLog(job, "begun");
        assertThat(runner.manager().stop("terminated")).isTrue();

        Ended ended = new Ended(job).failed("runner_interrupted", ": aborted: terminated");
        assertThat(ended.stages()).doesNotContain("after_script");
    }

    @Test
    @Tag("JS-30")
    void aRunnerThatIsToldToDrainFinishesItsJobsAndAsksForNoMore() throws Exception {
        CoordinatorJob job =
                runner.queue(runner.job().script("echo begun", "sleep 1", "echo done"));
        runner.awaitLog(job, "begun");
        runner.manager().drain();
        int asked = runner.gitlab().requests(Endpoint.JOB_REQUEST).size();
        CoordinatorJob next = runner.queue(runner.job().script("echo never"));
        job.awaitFinished(RunnerUnderTest.LIMIT);
        runner.awaitIdle();

        assertThat(new Ended(job).succeeded().output()).contains("done");
        assertThat(next.state()).isEqualTo(JobState.PENDING);
        assertThat(runner.gitlab().requests(Endpoint.JOB_REQUEST)).hasSize(asked);
        assertThat(runner.gitlab().requests()).map(RecordedRequest::status).doesNotContain(500);
    }
}
