package io.armrunner.trace;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.protocol.JobReports;
import io.armrunner.protocol.JobStatus;
import io.armrunner.protocol.JobUpdate;
import io.armrunner.protocol.PatchReply;
import io.armrunner.protocol.UpdateReply;
import io.armrunner.trace.TraceUploader.Delivery;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TraceUploaderTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    @TempDir Path directory;

    private final ManualTicker ticker = new ManualTicker();
    private final StrictReports gitlab = new StrictReports(ticker);
    private final StringBuilder asked = new StringBuilder();
    private final TraceUploader.Requests requests =
            new TraceUploader.Requests() {
                @Override
                public void cancel() {
                    asked.append("cancel ");
                }

                @Override
                public void abort() {
                    asked.append("abort ");
                }
            };
    private TraceLog log;
    private TraceUploader uploader;

    @BeforeEach
    void open() throws IOException {
        log = TraceLog.create(directory.resolve("job.log"), new OutputLimit(100 << 20));
        use(UploadSettings.DEFAULT);
    }

    @AfterEach
    void close() throws IOException {
        log.close();
    }

    private void use(UploadSettings settings) {
        uploader = new TraceUploader(log, gitlab, requests, settings, ticker);
    }

    private void write(String text) {
        byte[] bytes = text.getBytes(UTF_8);
        log.append(bytes, 0, bytes.length);
    }

    private void writeAt(int millis, String text) {
        ticker.at(Duration.ofMillis(millis), () -> write(text));
    }

    /**
     * Runs the loop until the given time, as if the job's code ended then, and sends the final
     * state.
     */
    private Delivery runUntil(int millis) throws InterruptedException {
        ticker.at(Duration.ofMillis(millis), uploader::end);
        uploader.run();
        return uploader.finish(new JobUpdate.Success(log.state()));
    }

    private static PatchReply failed(int status) {
        return new PatchReply.Failed(status, JobStatus.RUNNING, StrictReports.SAME);
    }

    private void assertAllArrived() throws IOException {
        assertThat(gitlab.stored.toByteArray()).isEqualTo(Files.readAllBytes(log.path()));
    }

    @Test
    void trivialJobCostsOnePatchAndOneUpdate() throws IOException, InterruptedException {
        writeAt(5, "Running\n");
        writeAt(60, "Job succeeded\n");
        assertThat(runUntil(100)).isEqualTo(Delivery.DELIVERED);
        assertThat(gitlab.calls).containsExactly("100 PATCH 0+22", "100 PUT success");
        assertAllArrived();
    }

    @Test
    @Tag("RP-56")
    void firstOutputIsSentAtOnceAndThenEveryInterval() throws IOException, InterruptedException {
        writeAt(1000, "one\n");
        writeAt(1300, "two\n");
        writeAt(8000, "three\n");
        runUntil(12_000);
        assertThat(gitlab.calls)
                .containsExactly(
                        "1250 PATCH 0+4", "4250 PATCH 4+4", "10250 PATCH 8+6", "12000 PUT success");
    }

    @Test
    void theFirstOutputOfTheScriptIsSentAtOnceAsWell() throws IOException, InterruptedException {
        writeAt(0, "head\n");
        ticker.at(SECOND, uploader::prompt);
        writeAt(1010, "$ make\n");
        writeAt(1900, "made\n");
        runUntil(5000);
        assertThat(gitlab.calls)
                .containsExactly(
                        "250 PATCH 0+5", "1260 PATCH 5+7", "4260 PATCH 12+5", "5000 PUT success");
    }

    @Test
    @Tag("RP-57")
    @Tag("RP-76")
    @Tag("JS-111")
    void largeLogsGoInPatchesOfOneMebibyte() throws IOException, InterruptedException {
        byte[] large = new byte[2_621_440];
        new Random(1).nextBytes(large);
        ticker.at(Duration.ofMillis(10), () -> log.append(large, 0, large.length));
        runUntil(100);
        assertThat(gitlab.calls)
                .containsExactly(
                        "100 PATCH 0+1048576",
                        "100 PATCH 1048576+1048576",
                        "100 PATCH 2097152+524288",
                        "100 PUT success");
        assertAllArrived();
    }

    @Test
    @Tag("RP-58")
    @Tag("JS-113")
    void mismatchMovesTheOffset() throws IOException, InterruptedException {
        writeAt(0, "x".repeat(1000));
        gitlab.patchScripts.add((_, bytes, _) -> {
            gitlab.stored.write(bytes, 0, 700);
            return new PatchReply.RangeMismatch(700, JobStatus.RUNNING, StrictReports.SAME);
        });
        runUntil(5000);
        assertThat(gitlab.calls)
                .containsExactly("250 PATCH 0+1000", "3250 PATCH 700+300", "5000 PUT success");
        assertAllArrived();
    }

    @Test
    @Tag("RP-59")
    void mismatchWithoutLengthStartsOver() throws IOException, InterruptedException {
        writeAt(0, "x".repeat(10));
        writeAt(1000, "y".repeat(10));
        gitlab.patchScripts.add(gitlab::store);
        gitlab.patchScripts.add((_, _, _) -> {
            gitlab.stored.reset();
            return new PatchReply.RangeMismatch(0, JobStatus.RUNNING, StrictReports.SAME);
        });
        runUntil(7000);
        assertThat(gitlab.calls)
                .containsExactly(
                        "250 PATCH 0+10",
                        "3250 PATCH 10+10",
                        "6250 PATCH 0+20",
                        "7000 PUT success");
        assertAllArrived();
    }

    @Test
    @Tag("RP-60")
    void lostReplyLeavesNoGapAndNoDuplicate() throws IOException, InterruptedException {
        writeAt(0, "one\n");
        writeAt(2000, "two\n");
        gitlab.patchScripts.add((offset, bytes, length) -> {
            assertThat(gitlab.store(offset, bytes, length)).isInstanceOf(PatchReply.Accepted.class);
            throw new IOException("connection reset");
        });
        runUntil(9000);
        assertThat(gitlab.calls)
                .containsExactly(
                        "250 PATCH 0+4", "3250 PATCH 0+8", "6250 PATCH 4+4", "9000 PUT success");
        assertAllArrived();
    }

    @ParameterizedTest
    @Tag("RP-61")
    @ValueSource(ints = {404, 429, 500})
    void failedPatchIsSentAgainFromTheSameOffset(int status)
            throws IOException, InterruptedException {
        writeAt(0, "one\n");
        gitlab.patchScripts.add((_, _, _) ->
                status == 404
                        ? new PatchReply.NotFound(JobStatus.RUNNING, StrictReports.SAME)
                        : failed(status));
        runUntil(4000);
        assertThat(gitlab.calls)
                .containsExactly("250 PATCH 0+4", "3250 PATCH 0+4", "4000 PUT success");
        assertThat(asked).isEmpty();
    }

    @Test
    @Tag("RP-61")
    void patchThatIsTooLargeForAProxyIsHalved() throws IOException, InterruptedException {
        writeAt(0, "x".repeat(8000));
        gitlab.patchScripts.add((_, _, _) -> failed(413));
        runUntil(4000);
        assertThat(gitlab.calls)
                .containsExactly(
                        "250 PATCH 0+8000",
                        "3250 PATCH 0+4000",
                        "4000 PATCH 4000+4000",
                        "4000 PUT success");
    }

    @Test
    @Tag("RP-62")
    @Tag("RP-63")
    void abortEndsEverything() throws IOException, InterruptedException {
        writeAt(0, "one\n");
        writeAt(500, "two\n");
        gitlab.patchScripts.add(
                (_, _, _) -> new PatchReply.Abort(JobStatus.OVER, StrictReports.SAME));
        assertThat(runUntil(9000)).isEqualTo(Delivery.OVER);
        assertThat(gitlab.calls).containsExactly("250 PATCH 0+4");
        assertThat(asked).hasToString("abort ");
        assertThat(uploader.finish(new JobUpdate.Success(log.state()))).isEqualTo(Delivery.OVER);
    }

    @Test
    @Tag("RP-64")
    void intervalIsTheServers() throws IOException, InterruptedException {
        writeAt(0, "a");
        gitlab.interval = Optional.of(Duration.ofSeconds(10));
        writeAt(1000, "b");
        runUntil(11_000);
        assertThat(gitlab.calls)
                .containsExactly("250 PATCH 0+1", "10250 PATCH 1+1", "11000 PUT success");
    }

    @Test
    @Tag("RP-65")
    void silentJobIsKeptAlive() throws IOException, InterruptedException {
        runUntil(70_000);
        assertThat(gitlab.calls)
                .containsExactly(
                        "3000 PUT running",
                        "36000 PUT running",
                        "69000 PUT running",
                        "70000 PUT success");
        assertThat(gitlab.updates.getFirst())
                .isEqualTo(new JobUpdate.KeepAlive(new JobUpdate.LogState(0, 0)));
    }

    @Test
    @Tag("RP-66")
    void talkingJobNeedsNoKeepAlive() throws IOException, InterruptedException {
        for (int second = 0; second < 100; second++) {
            writeAt(second * 1000, "line\n");
        }
        runUntil(100_000);
        assertThat(gitlab.calls).noneMatch(call -> call.endsWith("running")).hasSizeGreaterThan(30);
        assertAllArrived();
    }

    @Test
    @Tag("RP-86")
    void cancelIsAskedOnce() throws IOException, InterruptedException {
        gitlab.status = JobStatus.CANCELING;
        writeAt(0, "one\n");
        writeAt(2000, "two\n");
        assertThat(runUntil(40_000)).isEqualTo(Delivery.DELIVERED);
        assertThat(asked).hasToString("cancel ");
    }

    @Test
    void restartedUploadGoesOnWhereGitLabIs() throws IOException, InterruptedException {
        write("0123456789");
        gitlab.store(0, "0123456".getBytes(UTF_8), 7);
        uploader =
                new TraceUploader(
                        log,
                        gitlab,
                        requests,
                        UploadSettings.DEFAULT,
                        ticker,
                        new TraceUploader.Base(log::size, 5, false));
        runUntil(4000);
        assertThat(gitlab.calls)
                .containsExactly("250 PATCH 5+5", "3250 PATCH 7+3", "4000 PUT success");
        assertThat(uploader.acknowledged()).isEqualTo(10);
        assertAllArrived();
    }

    @Test
    void keepAliveCanAbort() throws IOException, InterruptedException {
        gitlab.updateScripts.add(
                _ -> new UpdateReply.Abort(403, JobStatus.RUNNING, StrictReports.SAME));
        assertThat(runUntil(10_000)).isEqualTo(Delivery.OVER);
        assertThat(gitlab.calls).containsExactly("3000 PUT running");
        assertThat(asked).hasToString("abort ");
    }

    @Test
    @Tag("RP-78")
    void acceptedButNotCompleteIsRepeatedUnchanged() throws IOException, InterruptedException {
        write("log");
        for (int count = 0; count < 3; count++) {
            gitlab.updateScripts.add(_ ->
                    new UpdateReply.AcceptedNotCompleted(
                            JobStatus.RUNNING, Optional.of(SECOND.multipliedBy(2))));
        }
        use(UploadSettings.DEFAULT.withFinalRounds(1));
        assertThat(runUntil(10)).isEqualTo(Delivery.DELIVERED);
        assertThat(gitlab.calls)
                .containsExactly(
                        "10 PATCH 0+3",
                        "10 PUT success",
                        "2010 PUT success",
                        "4010 PUT success",
                        "6010 PUT success");
        assertThat(gitlab.updates).containsOnly(gitlab.updates.getFirst());
    }

    @Test
    @Tag("RP-79")
    @Tag("JS-112")
    void refusedLogIsSentAgainFromTheStart() throws IOException, InterruptedException {
        write("log");
        gitlab.updateScripts.add(_ -> {
            gitlab.stored.reset();
            return new UpdateReply.TraceValidationFailed(JobStatus.RUNNING, StrictReports.SAME);
        });
        assertThat(runUntil(10)).isEqualTo(Delivery.DELIVERED);
        assertThat(gitlab.calls)
                .containsExactly(
                        "10 PATCH 0+3", "10 PUT success", "3010 PATCH 0+3", "3010 PUT success");
        assertAllArrived();
    }

    @Test
    @Tag("RP-80")
    void failingFinalUpdateIsGivenUpAfterItsRounds() throws IOException, InterruptedException {
        for (int count = 0; count < 4; count++) {
            gitlab.updateScripts.add(
                    _ -> new UpdateReply.Failed(500, JobStatus.RUNNING, StrictReports.SAME));
        }
        use(UploadSettings.DEFAULT.withFinalRounds(4));
        assertThat(runUntil(0)).isEqualTo(Delivery.GIVEN_UP);
        assertThat(gitlab.calls)
                .containsExactly(
                        "0 PUT success",
                        "4000 PUT success",
                        "9000 PUT success",
                        "16000 PUT success");
    }

    @Test
    @Tag("RP-80")
    void serverThatRecoversGetsTheLogAndTheState() throws IOException, InterruptedException {
        write("log");
        gitlab.patchScripts.add((_, _, _) -> failed(500));
        gitlab.patchScripts.add((_, _, _) -> {
            throw new IOException("connection refused");
        });
        assertThat(runUntil(0)).isEqualTo(Delivery.DELIVERED);
        assertThat(gitlab.calls)
                .containsExactly(
                        "0 PATCH 0+3", "4000 PATCH 0+3", "9000 PATCH 0+3", "9000 PUT success");
        assertAllArrived();
    }

    @Test
    void roundsWithoutNumberEndWithTheToken() throws IOException, InterruptedException {
        gitlab.patchScripts.clear();
        for (int count = 0; count < 1000; count++) {
            gitlab.updateScripts.add(_ -> {
                throw new IOException("no route to host");
            });
        }
        use(UploadSettings.DEFAULT.untilTokenExpires(Duration.ofHours(5)));
        assertThat(runUntil(0)).isEqualTo(Delivery.GIVEN_UP);
        assertThat(ticker.now()).isBetween(Duration.ofHours(4), Duration.ofHours(5));
        assertProbesAreAtMost(Duration.ofSeconds(30));
    }

    /** The calls' times stand before them. */
    private void assertProbesAreAtMost(Duration apart) {
        long before = 0;
        for (String call : gitlab.calls) {
            long at = Long.parseLong(call.substring(0, call.indexOf(' ')));
            assertThat(Duration.ofMillis(at - before)).isLessThanOrEqualTo(apart);
            before = at;
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 502, 503, 504})
    void tryingWhileGitLabIsDownIsNotCounted(int status) throws IOException, InterruptedException {
        for (int count = 0; count < 100; count++) {
            gitlab.updateScripts.add(_ -> {
                if (status == 0) {
                    throw new IOException("connection refused");
                }
                return new UpdateReply.Failed(status, JobStatus.RUNNING, StrictReports.SAME);
            });
        }
        use(UploadSettings.DEFAULT.withFinalRounds(3));
        assertThat(runUntil(0)).isEqualTo(Delivery.DELIVERED);
        assertThat(gitlab.calls).hasSize(101);
        assertProbesAreAtMost(Duration.ofSeconds(30));
    }

    @Test
    void aLogIsTriedAgainWithinHalfAMinuteHoweverSeldomGitLabWantsIt()
            throws IOException, InterruptedException {
        write("log");
        Optional<Duration> seldom = Optional.of(Duration.ofMinutes(15));
        gitlab.patchScripts.add((_, _, _) -> new PatchReply.Failed(503, JobStatus.RUNNING, seldom));
        gitlab.patchScripts.add((_, _, _) -> {
            throw new IOException("connection refused");
        });
        runUntil(120);
        assertProbesAreAtMost(Duration.ofSeconds(31));
        assertAllArrived();
    }

    @Test
    @Tag("RP-81")
    void finalFailureAnsweredAsFailedIsNotRepeated() throws IOException, InterruptedException {
        gitlab.updateScripts.add(
                _ -> new UpdateReply.Abort(200, JobStatus.OVER, StrictReports.SAME));
        assertThat(uploader.finish(new JobUpdate.Failed(log.state(), "script_failure", 42)))
                .isEqualTo(Delivery.DELIVERED);
        assertThat(gitlab.calls).containsExactly("0 PUT failed");
    }

    @ParameterizedTest
    @Tag("RP-82")
    @ValueSource(ints = {403, 404})
    void finalUpdateOfAnUnknownJobIsNotRepeated(int status)
            throws IOException, InterruptedException {
        gitlab.updateScripts.add(
                _ -> new UpdateReply.Abort(status, JobStatus.RUNNING, StrictReports.SAME));
        assertThat(runUntil(0)).isEqualTo(Delivery.OVER);
        assertThat(gitlab.calls).containsExactly("0 PUT success");
    }

    @Test
    @Tag("JS-110")
    void patchesAreValidUtf8AndOffsetsCountBytes() throws IOException, InterruptedException {
        byte[] torn = {'a', (byte) 0xff, 'b', '\n'};
        try (JobLog job =
                new JobLog(
                        log,
                        Masks.DEFAULT,
                        new JobLog.Format(true, false),
                        () -> java.time.Instant.EPOCH)) {
            job.jobOutput(torn, 0, torn.length);
        }
        runUntil(0);
        assertThat(gitlab.stored.toString(UTF_8)).isEqualTo("a\ufffdb\n");
        assertThat(gitlab.calls).containsExactly("0 PATCH 0+6", "0 PUT success");
    }

    @Test
    void serverThatOnlyMovesTheOffsetDoesNotHoldTheJobForEver()
            throws IOException, InterruptedException {
        write("log");
        for (int count = 0; count < 1000; count++) {
            gitlab.patchScripts.add((_, _, _) ->
                    new PatchReply.RangeMismatch(0, JobStatus.RUNNING, StrictReports.SAME));
        }
        use(UploadSettings.DEFAULT.withFinalRounds(2));
        assertThat(runUntil(0)).isEqualTo(Delivery.GIVEN_UP);
        assertThat(gitlab.calls).hasSizeLessThan(50);
    }

    @Test
    void besideARealJobFinishWaitsForTheLoop() throws IOException, InterruptedException {
        StrictReports real = new StrictReports(ticker);
        TraceUploader beside =
                new TraceUploader(log, real, requests, UploadSettings.DEFAULT, Ticker.SYSTEM);
        write("line\n");
        Thread loop =
                Thread.ofVirtual()
                        .name("trace-test")
                        .start(() -> {
                            try {
                                beside.run();
                            } catch (InterruptedException stopped) {
                                Thread.currentThread().interrupt();
                            }
                        });
        assertThat(beside.finish(new JobUpdate.Success(log.state()))).isEqualTo(Delivery.DELIVERED);
        assertThat(loop.join(Duration.ofSeconds(60))).isTrue();
        assertThat(real.calls).containsExactly("0 PATCH 0+5", "0 PUT success");
        assertThat(JobReports.MAX_PATCH_BYTES).isEqualTo(1_048_576);
    }
}
