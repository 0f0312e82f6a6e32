package io.armrunner.process;

/**
 * Takes what a job prints. Called on the job's thread, in the order in which the bytes were
 * written.
 */
@FunctionalInterface
public interface JobOutput {
    /** The next bytes; {@code bytes} is used again after the call. */
    void write(byte[] bytes, int offset, int length);

    /**
     * The next bytes; who takes up the output at {@code after}, in whatever process, gets what
     * follows them.
     */
    default void write(byte[] bytes, int offset, int length, OutputPipe.Position after) {
        write(bytes, offset, length);
    }
}
