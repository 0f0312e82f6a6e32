package io.armrunner.ci;

/** How the pipeline as a whole stands. */
public enum PipelineStatus {
    /** Something runs or may start. */
    RUNNING,
    SUCCESS,
    FAILED,
    CANCELED,
    /** Nothing runs, and a manual job that may not be left out holds up the rest. */
    MANUAL,
    /** No job ran. */
    SKIPPED
}
