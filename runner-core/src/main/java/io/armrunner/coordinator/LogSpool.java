package io.armrunner.coordinator;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * The bytes of one log: in memory while they are few, then in a file. Used under the books' lock.
 */
final class LogSpool {
    private static final int FIRST = 512;

    private final Path file;
    private final int inMemory;
    private final CRC32 crc = new CRC32();
    private byte[] memory = new byte[0];
    private long size;
    private boolean spilled;

    LogSpool(Path file, int inMemory) {
        this.file = file;
        this.inMemory = inMemory;
    }

    long size() {
        return size;
    }

    /** {@code crc32:} and eight lower-case hex digits over all bytes so far. */
    String checksum() {
        return "crc32:%08x".formatted((int) crc.getValue());
    }

    /**
     * The disk failing is a fault of the machine, not of the runner: it ends the request with 500.
     */
    void append(byte[] bytes) {
        try {
            if (!spilled && size + bytes.length > inMemory) {
                write(Arrays.copyOf(memory, (int) size));
                memory = new byte[0];
                spilled = true;
            }
            if (spilled) {
                write(bytes);
            } else {
                int needed = (int) size + bytes.length;
                if (needed > memory.length) {
                    memory =
                            Arrays.copyOf(
                                    memory, Math.max(needed, Math.max(FIRST, memory.length * 2)));
                }
                System.arraycopy(bytes, 0, memory, (int) size, bytes.length);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the log to " + file, e);
        }
        crc.update(bytes);
        size += bytes.length;
    }

    byte[] bytes() {
        try {
            return spilled ? Files.readAllBytes(file) : Arrays.copyOf(memory, (int) size);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the log from " + file, e);
        }
    }

    // Opened for each write: patches come seconds apart, and hundreds of jobs must not hold
    // hundreds of files open.
    private void write(byte[] bytes) throws IOException {
        try (FileChannel out =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
                int _ = out.write(left);
            }
        }
    }
}
