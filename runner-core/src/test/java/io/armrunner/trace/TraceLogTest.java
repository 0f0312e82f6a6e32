package io.armrunner.trace;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TraceLogTest {
    @TempDir Path directory;

    private TraceLog create(long limit) throws IOException {
        return TraceLog.create(directory.resolve("job.log"), new OutputLimit(limit));
    }

    private static void append(TraceLog log, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        log.append(bytes, 0, bytes.length);
    }

    private static void assertTrue(TraceLog log) throws IOException {
        byte[] all = Files.readAllBytes(log.path());
        CRC32 crc = new CRC32();
        crc.update(all);
        assertThat(log.state().crc32()).isEqualTo((int) crc.getValue());
        assertThat(log.state().size()).isEqualTo(all.length);
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
                TraceLog.create(directory.resolve("job.log"), OutputLimit.ofKibibytes(1))) {
            append(log, "x".repeat(1000));
            append(log, "y".repeat(4000));
            append(log, "z");
            assertThat(Files.readString(log.path()))
                    .isEqualTo(
                            "x".repeat(1000)
                                    + "y".repeat(24)
                                    + "\n\u001b[33;1mJob's log exceeded limit of 1024 bytes.\n"
                                    + "Job execution will continue but no more output will be collected.\u001b[0;m\n");
            assertThat(log.isFull()).isTrue();
            assertTrue(log);
        }
    }

    @Test
    void reachingTheLimitExactlyCountsAsPassingIt() throws IOException {
        try (TraceLog log = create(4)) {
            append(log, "abcd");
            assertThat(Files.readString(log.path())).startsWith("abcd\n\u001b[33;1mJob's log");
        }
    }

    @Test
    @Tag("RP-68")
    void limitDoesNotSplitACharacter() throws IOException {
        try (TraceLog log = create(4)) {
            append(log, "ab€c");
            assertThat(Files.readString(log.path())).startsWith("ab\n\u001b[33;1m");
            assertTrue(log);
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
            assertTrue(log);
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
