package io.armrunner.process;

/** How a stage's shell ended. */
public sealed interface StageEnd {
    /**
     * The shell ended by itself, or by a signal that a shell reports as 128 and its number.
     *
     * @param status the exit status, 0 to 255
     */
    record Exited(int status) implements StageEnd {}

    /**
     * The stage's leader is gone without a status: it was killed, or the host went down under it.
     */
    record Vanished() implements StageEnd {}
}
