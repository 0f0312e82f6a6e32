package io.armrunner.trace;

import io.armrunner.protocol.JobUpdate;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.zip.CRC32;

/**
 * The whole log of one job in a private file, with checksum, size and output limit (runner-protocol
 * §4.4, §4.7, §4.8).
 *
 * <p>Written by the job's threads through {@link JobLog}, read by {@link TraceUploader}; all
 * methods are thread-safe (one lock, the object's own). The file is a {@link RandomAccessFile}
 * because a channel would be closed under an interrupt, which here is how jobs are stopped. A full
 * disk is an {@link UncheckedIOException} that says so; the log then stands as it was before the
 * append.
 */
public final class TraceLog implements AutoCloseable {
    private static final int COPY = 64 * 1024;

    private final Path path;
    private final OutputLimit limit;
    private final RandomAccessFile file;
    private final CRC32 crc = new CRC32();
    private long size;
    private boolean full;
    private Runnable growth = () -> {};

    private TraceLog(Path path, OutputLimit limit, RandomAccessFile file) {
        this.path = path;
        this.limit = limit;
        this.file = file;
    }

    /** A new, empty log; the file must not exist and is readable by its owner alone. */
    public static TraceLog create(Path path, OutputLimit limit) throws IOException {
        Files.createFile(
                path,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return new TraceLog(path, limit, new RandomAccessFile(path.toFile(), "rw"));
    }

    /**
     * The log of an earlier process, cut to the {@code length} that was recorded for it.
     *
     * @throws IOException also when the file is shorter than that
     */
    public static TraceLog reopen(Path path, OutputLimit limit, long length) throws IOException {
        RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
        TraceLog log = new TraceLog(path, limit, file);
        try {
            log.restore(length);
        } catch (IOException | RuntimeException failure) {
            file.close();
            throw failure;
        }
        return log;
    }

    private synchronized void restore(long length) throws IOException {
        long there = file.length();
        if (there < length) {
            throw new IOException(
                    "Could not reopen job log %s at %d bytes: the file has %d. The end of it was lost."
                            .formatted(path, length, there));
        }
        file.setLength(length);
        byte[] buffer = new byte[(int) Math.min(COPY, Math.max(1, length))];
        file.seek(0);
        for (long left = length; left > 0; ) {
            int count = (int) Math.min(buffer.length, left);
            file.readFully(buffer, 0, count);
            crc.update(buffer, 0, count);
            left -= count;
        }
        size = length;
        full = limit.isReached(length);
    }

    /**
     * Appends a piece that no other piece may come into. The bytes are UTF-8, masked and stamped.
     * Past the limit this does nothing.
     */
    public void append(byte[] bytes, int offset, int length) {
        Runnable grown;
        synchronized (this) {
            if (full || length == 0) {
                return;
            }
            int fitting = limit.fitting(size, bytes, offset, length);
            boolean reached = limit.isReached(size + length);
            if (reached) {
                byte[] notice = limit.notice();
                byte[] last = new byte[fitting + notice.length];
                System.arraycopy(bytes, offset, last, 0, fitting);
                System.arraycopy(notice, 0, last, fitting, notice.length);
                store(last, 0, last.length);
                full = true;
            } else {
                store(bytes, offset, length);
            }
            grown = growth;
        }
        grown.run();
    }

    private synchronized void store(byte[] bytes, int offset, int length) {
        try {
            file.seek(size);
            file.write(bytes, offset, length);
        } catch (IOException failure) {
            throw new UncheckedIOException(
                    "Could not write %d bytes at %d to job log %s: %s. Is the disk full?"
                            .formatted(length, size, path, failure.getMessage()),
                    failure);
        }
        crc.update(bytes, offset, length);
        size += length;
    }

    /**
     * Reads from {@code offset} into the buffer, as much as there is and fits.
     *
     * @return the number of bytes, 0 at the end of the log
     */
    public synchronized int read(long offset, byte[] buffer) throws IOException {
        int count = (int) Math.min(buffer.length, Math.max(0, size - offset));
        if (count > 0) {
            file.seek(offset);
            file.readFully(buffer, 0, count);
        }
        return count;
    }

    /** The bytes in the log. */
    public synchronized long size() {
        return size;
    }

    /** Checksum and size of the same moment. */
    public synchronized JobUpdate.LogState state() {
        return new JobUpdate.LogState((int) crc.getValue(), size);
    }

    /** Whether the output limit was reached: nothing more is taken. */
    public synchronized boolean isFull() {
        return full;
    }

    /**
     * Runs {@code listener} after each append, on the thread that appended; it must be short. It
     * replaces the one before.
     */
    public synchronized void onGrowth(Runnable listener) {
        growth = listener;
    }

    /** Where the log is. */
    public Path path() {
        return path;
    }

    /** Closes the file and leaves it. */
    @Override
    public synchronized void close() throws IOException {
        file.close();
    }

    /** Closes the file and deletes it: GitLab has the log, or never will. */
    public void discard() throws IOException {
        close();
        Files.deleteIfExists(path);
    }
}
