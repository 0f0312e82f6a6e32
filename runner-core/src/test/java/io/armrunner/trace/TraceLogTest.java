package io.armrunner.trace;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TraceLogTest {
    private static final String NOTICE =
            """

            \u001b[33;1mJob's log exceeded limit of %d bytes.
            Job execution will continue but no more output will be collected.\u001b[0;m
            """;

    @TempDir Path directory;

    private TraceLog create(long limit) throws IOException {
        return TraceLog.create(directory.resolve("job.log"), new OutputLimit(limit));
    }

    private static void append(TraceLog log, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        log.append(bytes, 0, bytes.length);
    }

    /** All that GitLab gets, read in pieces of all sizes. */
    static String sent(TraceLog log) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int size = 1; all.size() < log.size(); size = size % 7919 * 3 + 1) {
            byte[] buffer = new byte[size];
            int count = log.read(all.size(), buffer);
            assertThat(count).isPositive();
            all.write(buffer, 0, count);
        }
        assertThat(log.read(all.size(), new byte[9])).isZero();
        CRC32 crc = new CRC32();
        crc.update(all.toByteArray());
        assertThat(log.state().crc32()).isEqualTo((int) crc.getValue());
        assertThat(log.state().size()).isEqualTo(all.size());
        return all.toString(UTF_8);
    }

    @Test
    @Tag("RP-77")
    void emptyLogHasChecksumZero() throws IOException {
        try (TraceLog log = create(100)) {
            assertThat(log.state().checksum()).isEqualTo("crc32:00000000");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(log.path())))
                    .isEqualTo("rw-------");
        }
    }

    @Test
    @Tag("RP-67")
    @Tag("JS-104")
    void limitCutsOnceAndSaysSo() throws IOException {
        try (TraceLog log =
                TraceLog.create(
                        directory.resolve("job.log"), OutputLimit.ofKibibytes(1, 0, 1024))) {
            append(log, "x".repeat(1000));
            append(log, "y".repeat(4000));
            append(log, "z");
            log.end();
            assertThat(sent(log))
                    .isEqualTo("x".repeat(1000) + "y".repeat(24) + NOTICE.formatted(1024));
            assertThat(log.isFull()).isTrue();
            assertThat(Files.readString(log.path()))
                    .isEqualTo("x".repeat(1000) + "y".repeat(4000) + "z");
        }
    }

    @Test
    void theEndOfALongerLogFollowsTheNoticeWhenTheJobHasEnded() throws IOException {
        try (TraceLog log = TraceLog.create(directory.resolve("job.log"), new OutputLimit(20))) {
            StringBuilder whole = new StringBuilder();
            for (int i = 10; i < 60; i++) {
                append(log, "line " + i + "\n");
                whole.append("line ").append(i).append('\n');
            }
            String head = "line 10\nline 11\nline" + NOTICE.formatted(20);
            assertThat(sent(log)).isEqualTo(head);
            log.end();
            assertThat(sent(log))
                    .isEqualTo(
                            head
                                    + "\u001b[33;1m364 bytes are left out here. The end of the log:\u001b[0;m\n"
                                    + "line 58\nline 59\n");
            log.end();
            append(log, "too late\n");
            assertThat(sent(log)).endsWith("line 59\n");
            assertThat(Files.readString(log.path())).isEqualTo(whole.toString());
        }
    }

    @Test
    void anEndWithoutLinesBeginsWithAWholeCharacter() throws IOException {
        try (TraceLog log = TraceLog.create(directory.resolve("job.log"), new OutputLimit(10))) {
            append(log, "€".repeat(100));
            log.end();
            assertThat(sent(log)).endsWith("The end of the log:\u001b[0;m\n€€€");
        }
    }

    @Test
    void theEndIsThereThoughNotAllOfTheLogIsKept() throws IOException {
        Path path = directory.resolve("job.log");
        try (TraceLog log = TraceLog.create(path, new OutputLimit(1000, 100, 5000))) {
            int lines = 500_000;
            for (int i = 0; i < lines; i += 100) {
                StringBuilder some = new StringBuilder();
                for (int j = i; j < i + 100; j++) {
                    some.append("line ").append(1_000_000 + j).append('\n');
                }
                append(log, some.toString());
            }
            assertThat(log.length()).isEqualTo(13L * lines);
            assertThat(LogFile.length(path)).isEqualTo(13L * lines);
            log.end();
            assertThat(sent(log))
                    .startsWith("line 1000000\n")
                    .endsWith("line 1499998\nline 1499999\n");
        }
        long onDisk = 0;
        for (LogFile.Part part : LogFile.parts(path)) {
            onDisk += Files.size(part.path());
        }
        assertThat(onDisk).isBetween(1L << 20, 3L << 20);
        LogFile.Piece later = LogFile.read(path, 2_000_000, 26);
        assertThat(later.offset()).isGreaterThan(2_000_000);
        assertThat(new String(later.bytes(), UTF_8)).startsWith("line ");
        assertThat(LogFile.read(path, 13L * 500_000, 10).bytes()).isEmpty();

        Path kept = directory.resolve("kept.log");
        LogFile.moveTo(path, kept);
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).containsExactly(kept);
        }
        assertThat(Files.readString(kept))
                .startsWith("line 1000000\n")
                .contains(" bytes are not kept here.")
                .endsWith("line 1499999\n");
    }

    @Test
    void aLogPastItsLimitIsReopenedWithItsNotice() throws IOException {
        Path path = directory.resolve("job.log");
        OutputLimit limit = new OutputLimit(1000, 100, 5000);
        for (String character : new String[] {"x", "€", "😀"}) {
            long length;
            String before;
            try (TraceLog log = TraceLog.create(path, limit)) {
                for (int i = 0; i < 2000; i++) {
                    append(log, character.repeat(i % 5) + "a\n");
                }
                length = log.length();
                append(log, "after the checkpoint\n");
                before = sent(log);
            }
            try (TraceLog log = TraceLog.reopen(path, limit, length)) {
                assertThat(sent(log)).isEqualTo(before);
                append(log, "end\n");
                log.end();
                assertThat(sent(log)).startsWith(before).endsWith("a\nend\n");
                log.discard();
            }
        }
    }

    @Test
    void whatIsWrittenAfterTheDiskWasFullReachesGitLab() throws IOException {
        Path full = directory.resolve("full.log");
        Files.createSymbolicLink(full, Path.of("/dev/full"));
        try (TraceLog log = TraceLog.reopen(full, new OutputLimit(100), 0)) {
            assertThatThrownBy(() -> append(log, "lost\n"))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("No space left on device")
                    .hasMessageContaining("Is the disk full?");
            append(log, "why\n");
            append(log, "x".repeat(5000));
            log.end();
            assertThat(sent(log)).isEqualTo("why\n");
        }
    }

    @Test
    void reachingTheLimitExactlyCountsAsPassingIt() throws IOException {
        try (TraceLog log = create(4)) {
            append(log, "abcd");
            assertThat(sent(log)).startsWith("abcd\n\u001b[33;1mJob's log");
        }
    }

    @Test
    @Tag("RP-68")
    void limitDoesNotSplitACharacter() throws IOException {
        try (TraceLog log = create(4)) {
            append(log, "ab€c");
            assertThat(sent(log)).startsWith("ab\n\u001b[33;1m");
        }
    }

    @Test
    void reopenedLogIsCutAndGoesOnWithTheRightChecksum() throws IOException {
        Path path = directory.resolve("job.log");
        try (TraceLog log = TraceLog.create(path, OutputLimit.DEFAULT)) {
            append(log, "0123456789".repeat(20_000));
        }
        try (TraceLog log = TraceLog.reopen(path, OutputLimit.DEFAULT, 150_003)) {
            append(log, "end");
            assertThat(log.size()).isEqualTo(150_006);
            assertThat(Files.readString(path)).endsWith("012end");
            assertThat(sent(log)).endsWith("012end");
            byte[] buffer = new byte[10];
            assertThat(log.read(150_000, buffer)).isEqualTo(6);
            assertThat(log.read(150_006, buffer)).isZero();
            assertThat(log.read(900_000, buffer)).isZero();
        }
        assertThatThrownBy(() -> TraceLog.reopen(path, OutputLimit.DEFAULT, 150_007))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("150007");
    }

    @Test
    void interruptedWriterStillWrites() throws IOException {
        try (TraceLog log = create(100)) {
            Thread.currentThread().interrupt();
            append(log, "stopped\n");
            assertThat(Thread.interrupted()).isTrue();
            append(log, "after\n");
            assertThat(Files.readString(log.path())).isEqualTo("stopped\nafter\n");
        }
    }

    @Test
    void discardDeletesTheFile() throws IOException {
        TraceLog log = create(100);
        log.discard();
        assertThat(log.path()).doesNotExist();
    }
}
