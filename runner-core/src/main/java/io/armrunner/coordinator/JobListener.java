package io.armrunner.coordinator;

/**
 * Follows one job. Called on the thread that served the request, outside of all locks; a slow
 * listener slows the runner's call down, which is how {@code exec} gets its back pressure.
 */
public interface JobListener {
    /** The log grew by these bytes; calls come in the log's order. */
    default void logGrew(CoordinatorJob job, long offset, byte[] bytes) {}

    /** The state changed to {@code state}. */
    default void stateChanged(CoordinatorJob job, JobState state) {}
}
