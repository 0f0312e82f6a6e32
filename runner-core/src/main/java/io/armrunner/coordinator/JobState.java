package io.armrunner.coordinator;

import java.util.Locale;

/** Where a job stands for GitLab (runner-protocol §12). */
public enum JobState {
    /** Waits for a runner. */
    PENDING,
    /** Handed out; its token works. */
    RUNNING,
    /** The user cancelled and the runner may still run after_script; its token works. */
    CANCELING,
    SUCCESS,
    FAILED,
    CANCELED;

    /** The state's name in {@code Job-Status} and {@code state}. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether the runner may still report on the job: its token is valid. */
    public boolean isExecuting() {
        return this == RUNNING || this == CANCELING;
    }

    /** Whether nothing can change the state any more. */
    public boolean isFinished() {
        return this == SUCCESS || this == FAILED || this == CANCELED;
    }
}
