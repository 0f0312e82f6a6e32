package io.armrunner.ci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.armrunner.spec.FailureReason;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class SchedulerTest {
    private static PipelineScheduler of(String yaml) throws Exception {
        return new PipelineScheduler(Project.of(yaml).pipeline());
    }

    private static List<String> ready(PipelineScheduler scheduler) {
        return scheduler.ready().stream().map(PipelineJob::name).toList();
    }

    private static void ends(PipelineScheduler scheduler, String job, JobResult result) {
        scheduler.started(job);
        scheduler.finished(job, result);
    }

    private static JobResult ok() {
        return new JobResult.Succeeded();
    }

    private static JobResult exit(int code) {
        return new JobResult.Failed(FailureReason.SCRIPT_FAILURE, OptionalInt.of(code));
    }

    private static final String STAGES =
            """
            build: {stage: build, script: x}
            lint: {stage: build, script: x, allow_failure: true}
            test: {stage: test, script: x}
            clean: {stage: deploy, script: x, when: always}
            mail: {stage: deploy, script: x, when: on_failure}
            """;

    @Test
    void stagesWaitForEachOther() throws Exception {
        PipelineScheduler scheduler = of(STAGES);
        assertThat(ready(scheduler)).containsExactly("build", "lint");
        ends(scheduler, "build", ok());
        assertThat(ready(scheduler)).containsExactly("lint");
        assertThat(scheduler.reasons()).containsEntry("test", "waits for lint");
        ends(scheduler, "lint", exit(1));
        assertThat(ready(scheduler)).containsExactly("test");
        ends(scheduler, "test", ok());
        assertThat(ready(scheduler)).containsExactly("clean");
        ends(scheduler, "clean", ok());
        assertThat(scheduler.reasons())
                .containsEntry("mail", "when: on_failure, and nothing before it failed");
        assertThat(scheduler.status()).isEqualTo(PipelineStatus.SUCCESS);
    }

    @Test
    void afterAFailureOnlyAlwaysAndOnFailureRun() throws Exception {
        PipelineScheduler scheduler = of(STAGES);
        ends(scheduler, "build", exit(1));
        ends(scheduler, "lint", ok());
        assertThat(ready(scheduler)).containsExactly("clean", "mail");
        assertThat(scheduler.reasons()).containsEntry("test", "build failed");
        ends(scheduler, "clean", ok());
        ends(scheduler, "mail", ok());
        assertThat(scheduler.status()).isEqualTo(PipelineStatus.FAILED);
    }

    @Test
    void needsDoNotWaitForTheStage() throws Exception {
        PipelineScheduler scheduler =
                of(
                        """
                        a: {stage: build, script: x}
                        b: {stage: build, script: x}
                        c: {stage: test, script: x, needs: [a]}
                        d: {stage: deploy, script: x, needs: []}
                        e: {stage: deploy, script: x, needs: [c]}
                        """);
        assertThat(ready(scheduler)).containsExactly("a", "b", "d");
        ends(scheduler, "a", ok());
        assertThat(ready(scheduler)).containsExactly("b", "c", "d");
        ends(scheduler, "c", exit(1));
        assertThat(scheduler.statuses()).containsEntry("e", JobStatus.SKIPPED);
        assertThat(scheduler.reasons()).containsEntry("e", "c failed");
    }

    @Test
    void aSkippedNeedSkipsTheJobThatNeedsIt() throws Exception {
        PipelineScheduler scheduler =
                of(
                        """
                        a: {stage: build, script: x, when: on_failure}
                        b: {stage: test, script: x, needs: [a]}
                        c: {stage: test, script: x}
                        """);
        assertThat(ready(scheduler)).containsExactly("c");
        assertThat(scheduler.reasons()).containsEntry("b", "a was skipped");
    }

    @Test
    void optionalManualJobHoldsNothingUpAndABlockingOneAll() throws Exception {
        PipelineScheduler optional =
                of("m: {stage: build, script: x, when: manual}\nt: {script: x}\n");
        assertThat(ready(optional)).containsExactly("t");
        ends(optional, "t", ok());
        assertThat(optional.status()).isEqualTo(PipelineStatus.SUCCESS);

        PipelineScheduler blocking =
                of(
                        "m: {stage: build, script: x, when: manual, allow_failure: false}\nt: {script: x}\n");
        assertThat(ready(blocking)).isEmpty();
        assertThat(blocking.status()).isEqualTo(PipelineStatus.MANUAL);
        blocking.play("m");
        ends(blocking, "m", ok());
        assertThat(ready(blocking)).containsExactly("t");
    }

    @Test
    void allowFailureWithExitCodesAllowsOnlyThose() throws Exception {
        String yaml =
                "a: {stage: build, script: x, allow_failure: {exit_codes: [3, 137]}}\nb: {script: x}\n";
        PipelineScheduler allowed = of(yaml);
        ends(allowed, "a", exit(137));
        assertThat(ready(allowed)).containsExactly("b");
        PipelineScheduler failed = of(yaml);
        ends(failed, "a", exit(1));
        assertThat(failed.status()).isEqualTo(PipelineStatus.FAILED);
    }

    @Test
    void retryRunsAgainAtMostSoOftenAndOnlyForItsReasons() throws Exception {
        PipelineScheduler all = of("a: {script: x, retry: 2}");
        ends(all, "a", exit(1));
        ends(all, "a", exit(1));
        assertThat(all.statuses()).containsEntry("a", JobStatus.READY);
        ends(all, "a", exit(1));
        assertThat(all.statuses()).containsEntry("a", JobStatus.FAILED);

        PipelineScheduler some =
                of("a: {script: x, retry: {max: 2, when: runner_system_failure, exit_codes: 7}}");
        ends(some, "a", exit(7));
        assertThat(some.statuses()).containsEntry("a", JobStatus.READY);
        ends(some, "a", exit(1));
        assertThat(some.statuses()).containsEntry("a", JobStatus.FAILED);
    }

    @Test
    void cancelEndsWhatDoesNotRun() throws Exception {
        PipelineScheduler scheduler = of(STAGES);
        scheduler.started("build");
        scheduler.cancel();
        scheduler.finished("build", new JobResult.Canceled());
        assertThat(scheduler.isFinished()).isTrue();
        assertThat(scheduler.status()).isEqualTo(PipelineStatus.CANCELED);
    }

    @Test
    void tellingWhatCannotBeIsRefused() throws Exception {
        PipelineScheduler scheduler = of("a: {script: x}");
        assertThatThrownBy(() -> scheduler.finished("a", ok()))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> scheduler.started("b"))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
