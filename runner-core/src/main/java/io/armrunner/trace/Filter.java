package io.armrunner.trace;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;

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

    /** Writes down what is held back and what is being looked for, here and in the next steps. */
    void save(DataOutputStream out) throws IOException;

    /** Makes a new chain go on as the one did that wrote this. */
    void restore(DataInputStream in) throws IOException;
}
