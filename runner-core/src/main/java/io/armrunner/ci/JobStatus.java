package io.armrunner.ci;

/** Where a job of a running pipeline is. */
public enum JobStatus {
    /** Waits for other jobs. */
    CREATED,
    /** May start now. */
    READY,
    /** Waits for somebody to start it ({@code when: manual}). */
    MANUAL,
    RUNNING,
    SUCCESS,
    FAILED,
    /** Failed, and {@code allow_failure} says that this does not matter. */
    ALLOWED_FAILURE,
    CANCELED,
    /** Will not run: see {@link PipelineScheduler#reasons()}. */
    SKIPPED;

    /** Whether nothing more will come of it. */
    public boolean isFinal() {
        return switch (this) {
            case CREATED, READY, MANUAL, RUNNING -> false;
            case SUCCESS, FAILED, ALLOWED_FAILURE, CANCELED, SKIPPED -> true;
        };
    }
}
