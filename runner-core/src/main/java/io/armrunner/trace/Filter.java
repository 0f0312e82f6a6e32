package io.armrunner.trace;

/**
 * One step of a chain: takes bytes in pieces of any size and gives bytes to the next step.
 *
 * <p>Not thread-safe: the {@link JobLog} that owns the chain holds its lock. A filter never keeps
 * the array it is given, and its output depends on the bytes alone, not on where the pieces end.
 */
interface Filter {
    void write(byte[] bytes, int offset, int length);

    /** No more bytes belong to what came so far: gives out everything that is held back. */
    void flush();

    /** Whether a new filter would treat the bytes that follow in the same way as this one. */
    boolean isQuiet();
}
