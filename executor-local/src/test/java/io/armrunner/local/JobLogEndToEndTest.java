package io.armrunner.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.LogPatch;
import io.armrunner.coordinator.RecordedRequest;
import io.armrunner.coordinator.StateUpdate;
import io.armrunner.testing.LogDecoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The log as GitLab stores it (job-semantics §5, runner-protocol §4, §5). */
final class JobLogEndToEndTest {
    @RegisterExtension final RunnerUnderTest runner = new RunnerUnderTest();

    @Test
    @Tag("JS-98")
    @Tag("JS-100")
    void everyLineHasItsStampAndEverySectionItsMarkers() throws Exception {
        Ended job = runner.run(runner.job().script("echo hi", "printf 'no newline'")).succeeded();

        for (String line : new String(job.job().log(), UTF_8).split("\n", -1)) {
            if (!line.isEmpty()) {
                assertThat(LogDecoder.STAMP.matcher(line).lookingAt()).as(line).isTrue();
            }
        }
        assertThat(job.text())
                .containsPattern(
                        "section_start:\\d{10}:step_script\r\u001b\\[0K\u001b\\[0K\u001b\\[36;1mExecuting")
                .containsPattern("section_end:\\d{10}:step_script\r\u001b\\[0K");
    }

    @Test
    void whatTheJobPrintsIsMarkedAsItsOwnAndKeepsItsOrder() throws Exception {
        Ended job = runner.run(runner.job().script("echo out", "echo err >&2")).succeeded();

        List<String> lines = new String(job.job().log(), UTF_8).lines().toList();
        assertThat(lines).anyMatch(line -> line.matches(".*Z 01O out"));
        assertThat(lines).anyMatch(line -> line.matches(".*Z 01O err"));
        assertThat(lines).anyMatch(line -> line.matches(".*Z 00O.*Job succeeded.*"));
    }

    @Test
    void withoutTheFlagLinesHaveNoStamps() throws Exception {
        Ended job =
                runner.run(runner.job().variable("FF_TIMESTAMPS", "false").script("echo hi"))
                        .succeeded();

        assertThat(new String(job.job().log(), UTF_8))
                .startsWith("\u001b[0KRunning with armrunner")
                .contains("\nhi\n");
    }

    @Test
    @Tag("JS-99")
    @Tag("RP-73")
    void aServerWithoutSectionsGetsNoMarkers() throws Exception {
        Ended job =
                runner.run(
                                runner.job()
                                        .script("echo hi")
                                        .customize(payload ->
                                                ((ObjectNode) payload.path("features"))
                                                        .put("trace_sections", false)))
                        .succeeded();

        assertThat(job.text()).doesNotContain("section_start", "section_end");
        assertThat(job.log()).contains("hi\n");
    }

    @Test
    @Tag("JS-102")
    void anUnfinishedLineIsShownWhileTheJobRuns() throws Exception {
        Path go = runner.directory().resolve("go");
        CoordinatorJob job =
                runner.queue(
                        runner.job()
                                .script(
                                        "printf 'a\\rb'; until [ -e %s ]; do sleep 0.1; done; echo c"
                                                .formatted(go)));
        job.awaitLog("a\r", RunnerUnderTest.LIMIT);
        assertThat(job.state()).isEqualTo(JobState.RUNNING);
        Files.createFile(go);
        job.awaitFinished(RunnerUnderTest.LIMIT);

        assertThat(new Ended(job).succeeded().text()).contains("a\rbc\n");
        assertThat(new String(job.log(), UTF_8)).containsPattern("Z 01O\\+.*c\n");
    }

    @Test
    @Tag("JS-103")
    void aVeryLongLineComesInPiecesAndWhole() throws Exception {
        Ended job =
                runner.run(runner.job().script("head -c 20480 /dev/zero | tr '\\0' x; echo"))
                        .succeeded();

        assertThat(job.output()).contains("x".repeat(20480));
    }

    @Test
    @Tag("JS-104")
    @Tag("RP-67")
    void aLogPastItsLimitIsCutOnceAndTheJobSucceeds() throws Exception {
        runner.start("output_limit = 2", "output_end = 0");
        Ended job =
                runner.run(runner.job().script("for i in $(seq 1000); do echo line $i; done"))
                        .succeeded();

        assertThat(job.log().split("Job's log exceeded limit", -1)).hasSize(2);
        assertThat(job.log()).doesNotContain("line 900", "Job succeeded");
        checksumIsRight(job);
    }

    @Test
    void theEndOfALogPastItsLimitComesWhenTheJobEnds() throws Exception {
        runner.start("output_limit = 2", "output_end = 1");
        Ended job =
                runner.run(
                        runner.job()
                                .maskedVariable("SECRET", "correct-horse-battery")
                                .script(
                                        "for i in $(seq 1000); do echo line $i; done",
                                        "echo $SECRET",
                                        "exit 3"));

        assertThat(job.log())
                .containsSubsequence(
                        "Job's log exceeded limit of 2048 bytes.",
                        "no more output will be collected.",
                        "bytes are left out here. The end of the log:",
                        "line 999\n",
                        "[MASKED]",
                        "Job failed: exit status 3")
                .doesNotContain("line 500", "correct-horse");
        checksumIsRight(job);
    }

    @Test
    void aJobThatPrintsMoreThanItsSegmentsHoldGoesOn() throws Exception {
        runner.start("output_limit = 2");
        Ended job = runner.run(runner.job().script("seq 9000000")).succeeded();

        assertThat(job.log()).contains("Job's log exceeded limit");
        checksumIsRight(job);
    }

    @Test
    @Tag("JS-105")
    @Tag("JS-106")
    @Tag("JS-107")
    @Tag("JS-108")
    @Tag("JS-109")
    void secretsAreMaskedWhereverTheyAreSplit() throws Exception {
        Ended job =
                runner.run(
                                runner.job()
                                        .maskedVariable("SECRET", "correct-horse-battery")
                                        .maskedVariable("PREFIX", "correct-horse")
                                        .customize(payload ->
                                                ((ObjectNode) payload.path("features"))
                                                        .putArray("token_mask_prefixes")
                                                        .add("acme_"))
                                        .script(
                                                "echo \"<$SECRET>\"",
                                                "printf %s \"<${SECRET:0:7}\"; sleep 0.3; echo \"${SECRET:7}>\"",
                                                "echo \"<$PREFIX>\"",
                                                "echo https://h/x?private_token=abc\\&y=1",
                                                "echo acme_abcdef end",
                                                "printf %s glpat-abc123"))
                        .succeeded();

        assertThat(job.output())
                .containsExactly(
                        "<[MASKED]>",
                        "<[MASKED]>",
                        "<[MASKED]>",
                        "https://h/x?private_token=[MASKED]&y=1",
                        "acme_[MASKED] end",
                        "glpat-[MASKED]");
        assertThat(job.log()).doesNotContain("battery");
    }

    @Test
    @Tag("JS-110")
    @Tag("RP-69")
    void whatIsNoTextBecomesReplacementCharacters() throws Exception {
        Ended job = runner.run(runner.job().script("printf 'a\\377b\\n'")).succeeded();

        assertThat(job.output()).containsExactly("a\ufffdb");
        checksumIsRight(job);
    }

    @Test
    @Tag("JS-111")
    @Tag("RP-57")
    @Tag("RP-76")
    void aLargeLogArrivesInPatchesAndTheReportHasItsChecksum() throws Exception {
        runner.start("[runners.feature_flags]", "FF_TIMESTAMPS = false");
        Ended job =
                runner.run(
                                runner.job()
                                        .script(
                                                "head -c 2600000 /dev/zero | tr '\\0' y | fold -w 99; echo"))
                        .succeeded();

        assertThat(job.job().logPatches()).allMatch(patch -> patch.length() <= 1 << 20);
        assertThat(job.job().logSize()).isGreaterThan(2_600_000);
        checksumIsRight(job);
        LogPatch last = job.job().logPatches().getLast();
        assertThat(last.at()).isBeforeOrEqualTo(job.report().at());
    }

    private static void checksumIsRight(Ended job) {
        CRC32 crc = new CRC32();
        crc.update(job.job().log());
        StateUpdate report = job.report();
        assertThat(report.body().path("output").path("checksum").asText())
                .isEqualTo("crc32:%08x".formatted(crc.getValue()));
        assertThat(report.body().path("output").path("bytesize").asLong())
                .isEqualTo(job.job().logSize());
    }

    @Test
    @Tag("JS-112")
    @Tag("RP-79")
    void aRefusedLogIsSentAgainAndThenTheReport() throws Exception {
        runner.gitlab().faults().on(Endpoint.FINAL_UPDATE).answer(412);

        Ended job = runner.run(runner.job().script("echo hi"));

        // A server that has the whole log answers the repeated patch with the place where to go on.
        job.succeeded();
        runner.awaitIdle();
        assertThat(runner.gitlab().requests(Endpoint.FINAL_UPDATE)).hasSize(2);
        assertThat(job.output()).containsExactly("hi");
    }

    @Test
    @Tag("JS-113")
    @Tag("RP-58")
    @Tag("RP-60")
    void whatTheServerHasDecidesWhereTheLogGoesOn() throws Exception {
        runner.gitlab().faults().on(Endpoint.TRACE).skip(1).loseAnswer();
        runner.gitlab().faults().on(Endpoint.TRACE).skip(2).rangeNotSatisfiable(100);

        Ended job =
                runner.run(
                                runner.job()
                                        .script(
                                                "for i in 1 2 3 4 5 6; do echo piece $i; sleep 0.2; done"))
                        .succeeded();

        assertThat(job.output())
                .containsExactly("piece 1", "piece 2", "piece 3", "piece 4", "piece 5", "piece 6");
        checksumIsRight(job);
    }

    @Test
    @Tag("JS-114")
    @Tag("RP-78")
    void aReportThatIsNotYetCompleteIsRepeatedUnchanged() throws Exception {
        runner.gitlab()
                .faults()
                .on(Endpoint.FINAL_UPDATE)
                .times(2)
                .notYetComplete(Duration.ofSeconds(1));

        runner.run(runner.job().script("echo hi")).succeeded();

        runner.awaitIdle();
        List<RecordedRequest> reports = runner.gitlab().requests(Endpoint.FINAL_UPDATE);
        assertThat(reports).map(request -> request.status()).containsExactly(202, 202, 200);
        assertThat(Duration.between(reports.get(0).at(), reports.get(1).at()))
                .isGreaterThanOrEqualTo(Duration.ofMillis(950));
    }

    @Test
    @Tag("RP-66")
    void aTalkingJobNeedsNoKeepAlive() throws Exception {
        Path go = runner.directory().resolve("go");
        CoordinatorJob job =
                runner.queue(
                        runner.job()
                                .script(
                                        "until [ -e %s ]; do echo on; sleep 0.1; done"
                                                .formatted(go)));
        await("some patches of what it says")
                .atMost(RunnerUnderTest.LIMIT)
                .until(() -> job.logPatches().size() > 8);
        Files.createFile(go);
        job.awaitFinished(RunnerUnderTest.LIMIT);
        Ended talking = new Ended(job).succeeded();

        List<LogPatch> patches = talking.job().logPatches();
        // On a busy machine the job may well be silent for that long.
        assertThat(keepAlives(talking.job()).toList())
                .allSatisfy(keepAlive ->
                        assertThat(patches)
                                .as("none was sent in the time before %s", keepAlive.at())
                                .noneMatch(patch ->
                                        patch.at().isBefore(keepAlive.at())
                                                && patch.at()
                                                        .plus(RunnerUnderTest.KEEP_ALIVE)
                                                        .isAfter(keepAlive.at())));
    }

    /** What was said of a running job besides that it begins. */
    private static Stream<StateUpdate> keepAlives(CoordinatorJob job) {
        return job.updates().stream().filter(update -> update.state().equals("running")).skip(1);
    }

    @Test
    @Tag("RP-56")
    void aSilentJobIsKeptAliveWithoutPatches() throws Exception {
        Path go = runner.directory().resolve("go");
        CoordinatorJob silent =
                runner.queue(
                        runner.job()
                                .script(
                                        "echo begun",
                                        "until [ -e " + go + " ]; do sleep 0.1; done"));
        // The command that is silent is the last that the log shows.
        runner.awaitLog(silent, "$ until");
        awaitKeepAlives(silent, keepAlives(silent).count() + 2);
        List<LogPatch> before = silent.logPatches();
        awaitKeepAlives(silent, keepAlives(silent).count() + 3);
        assertThat(silent.logPatches()).isEqualTo(before);
        Files.createFile(go);
        silent.awaitFinished(RunnerUnderTest.LIMIT);

        new Ended(silent).succeeded();
        assertThat(silent.logPatches()).allMatch(patch -> patch.length() > 0);
    }

    private static void awaitKeepAlives(CoordinatorJob job, long count) {
        await("%d keep-alives".formatted(count))
                .atMost(RunnerUnderTest.LIMIT)
                .until(() -> keepAlives(job).count() >= count);
    }

    @Test
    @Tag("RP-61")
    void troubleWithTheLogDoesNotTouchTheJob() throws Exception {
        runner.gitlab().faults().on(Endpoint.TRACE).answer(404);
        runner.gitlab().faults().on(Endpoint.TRACE).skip(1).answer(413);
        runner.gitlab().faults().on(Endpoint.TRACE).skip(2).answer(500);
        runner.gitlab().faults().on(Endpoint.TRACE).skip(3).cut();

        Ended job =
                runner.run(
                                runner.job()
                                        .script(
                                                "for i in 1 2 3 4 5; do echo piece $i; sleep 0.2; done"))
                        .succeeded();

        assertThat(job.output()).hasSize(5);
        checksumIsRight(job);
    }

    @Test
    @Tag("RP-80")
    void aServerThatIsDownWhenTheJobEndsGetsTheResultLater() throws Exception {
        Path go = runner.directory().resolve("go");
        CoordinatorJob job =
                runner.queue(
                        runner.job()
                                .script(
                                        "echo begun",
                                        "until [ -e " + go + " ]; do sleep 0.1; done",
                                        "echo done"));
        runner.awaitLog(job, "begun");
        runner.gitlab().goDown();
        Files.createFile(go);
        Path log =
                runner.journal()
                        .resolve(
                                "%s.%d/trace"
                                        .formatted(runner.runner().token().shortForm(), job.id()));
        await("the job is over here")
                .atMost(RunnerUnderTest.LIMIT)
                .until(() -> LogDecoder.plain(Files.readAllBytes(log)).contains("Job succeeded"));
        runner.gitlab().comeUp();
        job.awaitFinished(RunnerUnderTest.LIMIT);

        Ended ended = new Ended(job).succeeded();
        assertThat(ended.output()).containsExactly("begun", "done");
        checksumIsRight(ended);
    }
}
