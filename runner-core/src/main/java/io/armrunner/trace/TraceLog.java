package io.armrunner.trace;

import io.armrunner.protocol.JobUpdate;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.zip.CRC32;

/**
 * The whole log of one job in a private file, and what of it GitLab gets: all up to the output
 * limit, then a notice, and when the job has ended the end of the log; with checksum and size of
 * that (runner-protocol §4.4, §4.7, §4.8).
 *
 * <p>Written by the job's threads through {@link JobLog}, read by {@link TraceUploader}; all
 * methods are thread-safe (one lock, the object's own). A full disk is an {@link
 * UncheckedIOException} that says so; the log then stands as it was before the append. The job ends
 * by it, and what is appended after it, its last lines, is kept in memory, so that GitLab hears
 * why.
 */
public final class TraceLog implements AutoCloseable {
    private static final int COPY = 64 * 1024;

    /** The last lines of a job whose disk is full; more is not worth the memory. */
    private static final int MOST_AFTER_FAILURE = 4 * 1024;

    private final Path path;
    private final OutputLimit limit;
    private final LogSegments file;
    private final CRC32 crc = new CRC32();

    /** How much GitLab gets before the notice; less than 0 while the limit is not reached. */
    private long cut = -1;

    /** What follows the first {@link #cut} bytes, or the whole file. */
    private byte[] between = new byte[0];

    /** The end of the file that GitLab gets behind that. */
    private long endStart;

    private long endLength;

    private final ByteArrayOutputStream afterFailure = new ByteArrayOutputStream(0);
    private boolean failed;
    private boolean ended;
    private Runnable growth = () -> {};

    private TraceLog(Path path, OutputLimit limit, LogSegments file) {
        this.path = path;
        this.limit = limit;
        this.file = file;
    }

    /** A new, empty log; the file must not exist and is readable by its owner alone. */
    public static TraceLog create(Path path, OutputLimit limit) throws IOException {
        return new TraceLog(path, limit, LogSegments.create(path, limit.kept()));
    }

    /**
     * The log of an earlier process, cut to the {@link #length} that was recorded for it.
     *
     * @throws IOException also when the file is shorter than that
     */
    public static TraceLog reopen(Path path, OutputLimit limit, long length) throws IOException {
        TraceLog log = new TraceLog(path, limit, LogSegments.reopen(path, limit.kept(), length));
        try {
            log.restore();
        } catch (IOException | RuntimeException failure) {
            log.close();
            throw failure;
        }
        return log;
    }

    private synchronized void restore() throws IOException {
        long taken = file.length();
        if (limit.isReached(taken)) {
            byte[] next = new byte[1];
            taken = limit.bytes();
            // Where an append was cut: before the character that did not fit.
            while (taken > 0 && taken < file.length() && continues(taken, next)) {
                taken--;
            }
        }
        checksum(0, taken);
        if (limit.isReached(file.length())) {
            cut = taken;
            follow(limit.notice());
        }
    }

    private boolean continues(long at, byte[] next) throws IOException {
        file.read(at, next, 0, 1);
        return (next[0] & 0xc0) == 0x80;
    }

    private void checksum(long from, long to) throws IOException {
        byte[] buffer = new byte[(int) Math.min(COPY, Math.max(1, to - from))];
        for (long at = from; at < to; ) {
            int count = (int) Math.min(buffer.length, to - at);
            file.read(at, buffer, 0, count);
            crc.update(buffer, 0, count);
            at += count;
        }
    }

    private void follow(byte[] text) {
        byte[] all = new byte[between.length + text.length];
        System.arraycopy(between, 0, all, 0, between.length);
        System.arraycopy(text, 0, all, between.length, text.length);
        between = all;
        crc.update(text);
    }

    /**
     * Appends a piece that no other piece may come into. The bytes are UTF-8, masked and stamped.
     * Past the limit they are kept on the disk and GitLab does not get them, unless the log ends
     * with them.
     */
    public void append(byte[] bytes, int offset, int length) {
        Runnable grown;
        synchronized (this) {
            if (length == 0 || ended) {
                return;
            }
            if (failed) {
                keepAfterFailure(bytes, offset, length);
            } else if (cut >= 0) {
                store(bytes, offset, length);
                return;
            } else {
                long before = file.length();
                store(bytes, offset, length);
                int fitting = limit.fitting(before, bytes, offset, length);
                crc.update(bytes, offset, fitting);
                if (limit.isReached(before + length)) {
                    cut = before + fitting;
                    follow(limit.notice());
                }
            }
            grown = growth;
        }
        grown.run();
    }

    private synchronized void store(byte[] bytes, int offset, int length) {
        try {
            file.append(bytes, offset, length);
        } catch (IOException failure) {
            failed = true;
            throw new UncheckedIOException(
                    "Could not write %d bytes at %d to job log %s: %s. Is the disk full?"
                            .formatted(length, file.length(), path, failure.getMessage()),
                    failure);
        }
    }

    private synchronized void keepAfterFailure(byte[] bytes, int offset, int length) {
        if (afterFailure.size() + length <= MOST_AFTER_FAILURE) {
            afterFailure.write(bytes, offset, length);
            if (cut < 0) {
                crc.update(bytes, offset, length);
            }
        }
    }

    /**
     * The job has ended and takes no more log: of one past its limit GitLab now gets the end. A
     * second call changes nothing.
     *
     * @return checksum and size of all that GitLab gets, for the final update
     */
    public JobUpdate.LogState end() {
        Runnable grown = () -> {};
        synchronized (this) {
            if (!ended && cut >= 0) {
                addEnd();
                grown = growth;
            }
            ended = true;
        }
        grown.run();
        return state();
    }

    private synchronized void addEnd() {
        try {
            long from = startOfEnd();
            if (from < file.length()) {
                follow(limit.endNotice(from - cut));
                checksum(from, file.length());
                endStart = from;
                endLength = file.length() - from;
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(
                    "Could not read the end of job log %s: %s"
                            .formatted(path, failure.getMessage()),
                    failure);
        }
        crc.update(afterFailure.toByteArray());
    }

    /** The first line of the end that GitLab gets: one that does not go on with the one before. */
    private synchronized long startOfEnd() throws IOException {
        long length = file.length();
        long first = Math.max(Math.max(cut, length - limit.end()), file.startOfEnd());
        byte[] end = new byte[(int) (length - first)];
        file.read(first, end, 0, end.length);
        for (int at = 0; at < end.length; at++) {
            boolean line = at == 0 ? startsLine(first) : end[at - 1] == '\n';
            if (line && !LineStamps.isContinuation(end, at)) {
                return first + at;
            }
        }
        int at = 0;
        while (at < end.length && (end[at] & 0xc0) == 0x80) {
            at++;
        }
        return first + at;
    }

    private boolean startsLine(long at) throws IOException {
        byte[] before = new byte[1];
        if (at > file.startOfEnd()) {
            file.read(at - 1, before, 0, 1);
        }
        return before[0] == '\n';
    }

    /**
     * Reads what GitLab gets from {@code offset} into the buffer, as much as there is and fits.
     *
     * @return the number of bytes, 0 at the end of the log
     */
    public synchronized int read(long offset, byte[] buffer) throws IOException {
        int done = 0;
        long start = 0;
        long first = cut < 0 ? file.length() : cut;
        done += readFile(0, first, start, offset, buffer, done);
        start += first;
        done += readArray(between, start, offset, buffer, done);
        start += between.length;
        done += readFile(endStart, endLength, start, offset, buffer, done);
        start += endLength;
        if (cut < 0 || ended) {
            done += readArray(afterFailure.toByteArray(), start, offset, buffer, done);
        }
        return done;
    }

    /** The part of a piece, which begins at {@code start} of what GitLab gets, that is wanted. */
    private int readFile(long from, long length, long start, long offset, byte[] buffer, int done)
            throws IOException {
        long skip = offset + done - start;
        int count = (int) Math.min(buffer.length - done, Math.max(0, length - skip));
        if (skip < 0 || count <= 0) {
            return 0;
        }
        file.read(from + skip, buffer, done, count);
        return count;
    }

    private static int readArray(byte[] bytes, long start, long offset, byte[] buffer, int done) {
        long skip = offset + done - start;
        int count = (int) Math.min(buffer.length - done, Math.max(0, bytes.length - skip));
        if (skip < 0 || count <= 0) {
            return 0;
        }
        System.arraycopy(bytes, (int) skip, buffer, done, count);
        return count;
    }

    /** The bytes that GitLab gets. */
    public synchronized long size() {
        return (cut < 0 ? file.length() : cut)
                + between.length
                + endLength
                + (cut < 0 || ended ? afterFailure.size() : 0);
    }

    /** The bytes of the whole log, which is what {@link #reopen} wants to know. */
    public synchronized long length() {
        return file.length();
    }

    /** Checksum and size of what GitLab gets, at the same moment. */
    public synchronized JobUpdate.LogState state() {
        return new JobUpdate.LogState((int) crc.getValue(), size());
    }

    /** Whether the output limit was reached. */
    public synchronized boolean isFull() {
        return cut >= 0;
    }

    /**
     * Runs {@code listener} after each append that GitLab gets, on the thread that appended; it
     * must be short. It replaces the one before.
     */
    public synchronized void onGrowth(Runnable listener) {
        growth = listener;
    }

    /** Where the log is; {@link LogFile} reads it. */
    public Path path() {
        return path;
    }

    /** Closes the file and leaves it. */
    @Override
    public synchronized void close() throws IOException {
        file.close();
    }

    /** Closes the file and deletes it: GitLab has the log, or never will. */
    public synchronized void discard() throws IOException {
        file.delete();
    }
}
