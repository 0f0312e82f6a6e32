package io.armrunner.trace;

import java.util.Arrays;

/**
 * Gathers whole pieces of a log and appends them to the {@link TraceLog} together: one system call
 * for many lines.
 *
 * <p>Guarded by the lock of its {@link JobLog}. Small logs never make it grow beyond their longest
 * line.
 */
final class Pieces {
    /**
     * Above this the pieces go to the file: large enough for few system calls, small enough for
     * many jobs.
     */
    private static final int FULL = 16 * 1024;

    private final TraceLog trace;
    private byte[] bytes = new byte[512];
    private int length;

    Pieces(TraceLog trace) {
        this.trace = trace;
    }

    void add(byte[] source, int offset, int count) {
        if (bytes.length - length < count) {
            bytes =
                    Arrays.copyOf(
                            bytes, Math.max(length + count, Math.min(bytes.length * 2, FULL * 2)));
        }
        System.arraycopy(source, offset, bytes, length, count);
        length += count;
    }

    /**
     * All that was added so far is a whole piece: the log may be cut here and other streams may
     * follow.
     */
    void endPiece() {
        if (length >= FULL) {
            append();
        }
    }

    void append() {
        if (length > 0) {
            // Gone even if it fails: what did not fit on the disk is not tried again.
            int count = length;
            length = 0;
            trace.append(bytes, 0, count);
        }
    }
}
