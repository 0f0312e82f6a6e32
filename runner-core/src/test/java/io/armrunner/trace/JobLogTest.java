package io.armrunner.trace;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.spec.Secret;
import io.armrunner.testing.LogDecoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobLogTest {
    private static final JobLog.Format STAMPED = new JobLog.Format(true, true);
    private static final JobLog.Format RAW = new JobLog.Format(true, false);
    private static final Masks MASKS =
            Masks.of(List.of(Secret.of("s3cr3t-value"), Secret.of("two\nlines")), List.of());
    private static final String TIME = "2026-03-04T05:06:07.089012Z";

    @TempDir Path directory;

    private Instant now = Instant.parse("2026-03-04T05:06:07.089012999Z");
    private final InstantSource clock = () -> now;

    private interface Writing {
        void to(JobLog log);
    }

    private String written(JobLog.Format format, Writing writing) throws IOException {
        try (TraceLog trace = TraceLog.create(directory.resolve("job.log"), OutputLimit.DEFAULT)) {
            try (JobLog log = new JobLog(trace, MASKS, format, clock)) {
                writing.to(log);
            }
            return Files.readString(trace.path());
        } finally {
            Files.delete(directory.resolve("job.log"));
        }
    }

    private static void output(JobLog log, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        log.jobOutput(bytes, 0, bytes.length);
    }

    @Test
    @Tag("JS-98")
    @Tag("JS-100")
    void wholeJobHasGitLabsBytes() throws IOException {
        String log =
                written(
                        STAMPED,
                        job -> {
                            job.plain("Running with armrunner 1.0.0 (1a2b3c4d)");
                            job.sectionStart(
                                    "prepare_executor", "Preparing the \"shell\" executor");
                            job.plain("Using Shell (bash) executor...");
                            job.sectionEnd("prepare_executor");
                            job.sectionStart(
                                    "step_script",
                                    "Executing \"step_script\" stage of the job script");
                            job.notice("$ echo hello");
                            output(job, "hello\n");
                            output(job, "no newline");
                            job.sectionEnd("step_script");
                            job.warning("odd");
                            job.succeeded();
                        });
        assertThat(log.replace("\u001b", "^[").replace("\r", "^M").replace(TIME, "T"))
                .isEqualTo(
                        """
                        T 00O ^[[0KRunning with armrunner 1.0.0 (1a2b3c4d)^[[0;m
                        T 00O section_start:1772600767:prepare_executor^M^[[0K
                        T 00O+^[[0K^[[36;1mPreparing the "shell" executor^[[0;m^[[0;m
                        T 00O ^[[0KUsing Shell (bash) executor...^[[0;m
                        T 00O section_end:1772600767:prepare_executor^M^[[0K
                        T 00O+section_start:1772600767:step_script^M^[[0K
                        T 00O+^[[0K^[[36;1mExecuting "step_script" stage of the job script^[[0;m^[[0;m
                        T 01O ^[[32;1m$ echo hello^[[0;m
                        T 01O hello
                        T 01O no newline
                        T 00O section_end:1772600767:step_script^M^[[0K
                        T 00O+^[[0;33mWARNING: odd^[[0;m
                        T 00O ^[[32;1mJob succeeded^[[0;m
                        """);
        assertThat(LogDecoder.sections(log.getBytes(UTF_8)))
                .containsExactly(
                        new LogDecoder.Section(
                                "prepare_executor",
                                "Preparing the \"shell\" executor\nUsing Shell (bash) executor...\n"),
                        new LogDecoder.Section(
                                "step_script",
                                "Executing \"step_script\" stage of the job script\n$ echo hello\nhello\nno newline\n"));
    }

    @Test
    void linesOfTheHelperToolAreItsStandardError() throws IOException {
        String log =
                written(
                        STAMPED,
                        job -> {
                            job.notice("Uploading artifacts...");
                            job.helperLine("out/: found 2 files");
                            job.notice("done");
                        });
        assertThat(log.lines().map(line -> line.substring(TIME.length())))
                .containsExactly(
                        " 01O \u001b[32;1mUploading artifacts...\u001b[0;m",
                        " 01E out/: found 2 files",
                        " 01O \u001b[32;1mdone\u001b[0;m");
    }

    @Test
    void lastLineBeginsALineBehindASection() throws IOException {
        String log =
                written(
                        STAMPED,
                        job -> {
                            job.sectionEnd("cleanup_file_variables");
                            job.failed("Job failed: exit status 1");
                        });
        assertThat(log)
                .endsWith(TIME + " 00O \u001b[31;1mERROR: Job failed: exit status 1\u001b[0;m\n");
    }

    @Test
    @Tag("JS-99")
    @Tag("RP-73")
    void withoutSectionsOnlyTheHeadersAreThere() throws IOException {
        String log =
                written(
                        new JobLog.Format(false, true),
                        job -> {
                            job.sectionStart("get_sources", "Getting source");
                            job.sectionEnd("get_sources");
                        });
        assertThat(log)
                .isEqualTo(TIME + " 00O \u001b[0K\u001b[36;1mGetting source\u001b[0;m\u001b[0;m\n");
    }

    @Test
    @Tag("JS-102")
    void carriageReturnShowsTheLineAtOnceAndContinuesIt() throws IOException {
        String log =
                written(
                        STAMPED,
                        job -> {
                            output(job, "a\rb");
                            now = now.plusSeconds(1);
                            output(job, "c\n");
                            output(job, "next\n");
                        });
        assertThat(log)
                .isEqualTo(
                        TIME
                                + " 01O a\rb\n2026-03-04T05:06:08.089012Z 01O+c\n2026-03-04T05:06:08.089012Z 01O next\n");
        assertThat(LogDecoder.text(log.getBytes(UTF_8))).isEqualTo("a\rbc\nnext\n");
    }

    @Test
    void timeIsThatOfTheFirstByte() throws IOException {
        String log =
                written(
                        STAMPED,
                        job -> {
                            output(job, "a");
                            now = now.plusSeconds(1);
                            output(job, "b\nc\n");
                        });
        assertThat(log).isEqualTo(TIME + " 01O ab\n2026-03-04T05:06:08.089012Z 01O c\n");
    }

    @Test
    @Tag("JS-103")
    void longLineIsContinuedBetweenCharacters() throws IOException {
        String line = "é€".repeat(4096);
        String log = written(STAMPED, job -> output(job, line + "\nx\n"));
        List<String> lines = log.lines().toList();
        assertThat(lines).hasSize(4);
        assertThat(lines.get(0)).startsWith(TIME + " 01O é");
        assertThat(lines.get(1)).startsWith(TIME + " 01O+");
        assertThat(lines)
                .allSatisfy(
                        each -> assertThat(each.getBytes(UTF_8).length).isLessThanOrEqualTo(8192));
        assertThat(LogDecoder.text(log.getBytes(UTF_8))).isEqualTo(line + "\nx\n");
    }

    @Test
    void withoutStampsBytesArePassedOn() throws IOException {
        assertThat(
                        written(
                                RAW,
                                job -> {
                                    output(job, "a\rb s3cr3t-");
                                    output(job, "value\nend");
                                }))
                .isEqualTo("a\rb [MASKED]\nend");
    }

    @Test
    void runnersLinesAreMaskedToo() throws IOException {
        assertThat(written(STAMPED, job -> job.plain("s3cr3t-value glpat-x")))
                .isEqualTo(TIME + " 00O \u001b[0K[MASKED] glpat-[MASKED]\u001b[0;m\n");
    }

    @Test
    @Tag("JS-104")
    void pastTheLimitEvenTheLastLineIsDropped() throws IOException {
        try (TraceLog trace =
                TraceLog.create(
                        directory.resolve("job.log"), OutputLimit.ofKibibytes(1, 0, 1024))) {
            try (JobLog log = new JobLog(trace, MASKS, STAMPED, clock)) {
                output(log, "€".repeat(1000) + "\n");
                output(log, "dropped\n");
                log.succeeded();
            }
            trace.end();
            assertThat(TraceLogTest.sent(trace))
                    .startsWith(TIME + " 01O €")
                    .containsOnlyOnce("Job's log exceeded limit of 1024 bytes.\n")
                    .endsWith("no more output will be collected.\u001b[0;m\n")
                    .doesNotContain("dropped", "succeeded", "\ufffd");
        }
    }

    @Test
    void theEndOfALogPastTheLimitBeginsWithAWholeLine() throws IOException {
        try (TraceLog trace =
                TraceLog.create(
                        directory.resolve("job.log"), OutputLimit.ofKibibytes(1, 1, 1024))) {
            try (JobLog log = new JobLog(trace, MASKS, STAMPED, clock)) {
                for (int i = 0; i < 100; i++) {
                    output(log, "line " + i + " s3cr3t-value\n");
                }
                log.succeeded();
            }
            trace.end();
            String mark = "The end of the log:\u001b[0;m\n";
            String sent = TraceLogTest.sent(trace);
            assertThat(sent.substring(sent.indexOf(mark) + mark.length()))
                    .startsWith(TIME + " 01O line 8")
                    .endsWith("Job succeeded\u001b[0;m\n")
                    .contains("line 99 [MASKED]\n")
                    .doesNotContain("s3cr3t");
            assertThat(Files.readString(trace.path())).contains("line 50 [MASKED]\n");
        }
    }

    @Test
    void masksHideFromThenOn() throws IOException {
        assertThat(
                        written(
                                RAW,
                                job -> {
                                    output(job, "later s3cr3t");
                                    job.masks(Masks.of(List.of(Secret.of("later")), List.of()));
                                    output(job, "-value later\n");
                                }))
                .isEqualTo("later s3cr3t-value [MASKED]\n");
    }

    @Test
    @Tag("JS-100")
    void anyChunkingOfAJobsOutputGivesTheSameStampedLog() throws IOException {
        Random random = new Random(3);
        List<String> words =
                List.of(
                        "a ",
                        "\n",
                        "\n",
                        "s3cr3t-value",
                        "two\nlines",
                        "two\n",
                        "glpat-xyz ",
                        "x".repeat(3000),
                        "€".repeat(1500),
                        "?private_token=a ");
        for (int round = 0; round < 40; round++) {
            String text =
                    random.ints(1 + random.nextInt(60), 0, words.size())
                            .mapToObj(words::get)
                            .collect(Collectors.joining());
            byte[] bytes = text.getBytes(UTF_8);
            String whole = written(STAMPED, job -> job.jobOutput(bytes, 0, bytes.length));
            assertThat(whole.lines())
                    .allSatisfy(line ->
                            assertThat(LogDecoder.STAMP.matcher(line).lookingAt()).isTrue());
            int longest = 1 + random.nextInt(random.nextBoolean() ? 20 : 5000);
            assertThat(
                            written(
                                    STAMPED,
                                    job -> Chunks.write(bytes, random, longest, job::jobOutput)))
                    .isEqualTo(whole);
        }
    }

    @Test
    void killedAtAnyByteTheLogIsTheSameAfterReplay() throws IOException {
        byte[] output =
                ("start s3cr3t-value glpat-abc\nprogress 10%\nnon é€ascii two\nlines done\n"
                                + "x?private_token=abc&y two\nthree\n"
                                + "y".repeat(9000)
                                + "\nlast s3cr3t-val")
                        .getBytes(UTF_8);
        for (JobLog.Format format : List.of(STAMPED, RAW)) {
            String expected = replayed(format, output, output.length, output.length, output.length);
            for (int kill = 0; kill <= output.length; kill += kill > 150 && kill < 9000 ? 997 : 1) {
                for (int step : new int[] {1, 7, 64}) {
                    assertThat(replayed(format, output, kill, step, 11))
                            .as("killed at %d in writes of %d", kill, step)
                            .isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void carriageReturnsReplayToTheSameText() throws IOException {
        byte[] output = "10%\r20%\r30%\ndone\r\nnext\rend".getBytes(UTF_8);
        for (int kill = 0; kill <= output.length; kill++) {
            String log = replayed(STAMPED, output, kill, 1, 3);
            assertThat(LogDecoder.text(log.getBytes(UTF_8)))
                    .endsWith("\n" + new String(output, UTF_8) + "\n");
        }
    }

    /** Writes up to {@code kill}, is killed, and writes the rest in another process. */
    private String replayed(JobLog.Format format, byte[] output, int kill, int step, int laterStep)
            throws IOException {
        Path path = directory.resolve("job.log");
        Files.deleteIfExists(path);
        JobLog.Snapshot snapshot;
        try (TraceLog trace = TraceLog.create(path, OutputLimit.DEFAULT)) {
            // Killed, and so never closed.
            JobLog log = new JobLog(trace, MASKS, format, clock);
            log.plain("before");
            for (int at = 0; at < kill; at += step) {
                log.jobOutput(output, at, Math.min(step, kill - at));
            }
            snapshot = log.snapshot();
            log.jobOutput("never seen\n".getBytes(UTF_8), 0, 11);
        }
        try (TraceLog trace = TraceLog.reopen(path, OutputLimit.DEFAULT, snapshot.length());
                JobLog log = JobLog.resume(trace, MASKS, format, clock, snapshot)) {
            log.unmute();
            for (int at = kill; at < output.length; at += laterStep) {
                log.jobOutput(output, at, Math.min(laterStep, output.length - at));
            }
        }
        return Files.readString(path);
    }

    @Test
    void aMutedLogTakesNothingUntilItIsNotMuted() throws IOException {
        Path path = directory.resolve("muted.log");
        JobLog.Snapshot snapshot;
        try (TraceLog trace = TraceLog.create(path, OutputLimit.DEFAULT)) {
            JobLog log = new JobLog(trace, MASKS, STAMPED, clock);
            log.plain("one");
            snapshot = log.snapshot();
        }
        try (TraceLog trace = TraceLog.reopen(path, OutputLimit.DEFAULT, snapshot.length());
                JobLog log = JobLog.resume(trace, MASKS, STAMPED, clock, snapshot)) {
            log.plain("one");
            log.sectionStart("a", "A");
            output(log, "output");
            log.endJobOutput();
            log.unmute();
            log.plain("two");
        }
        assertThat(LogDecoder.plain(Files.readAllBytes(path))).isEqualTo("one\ntwo\n");
    }
}
