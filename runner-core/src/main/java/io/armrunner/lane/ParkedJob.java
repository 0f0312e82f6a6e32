package io.armrunner.lane;

import java.time.Duration;

/**
 * A job that an engine elsewhere has: what waiting for it needs, and nothing more, so that a
 * thousand of them may wait. Used by the job's thread.
 */
public interface ParkedJob {
    /** Whether the job is to stop, as far as is known here. */
    RemoteJob.Stop stop();

    /** Waits; returns early when the job is to stop. */
    void pause(Duration time) throws InterruptedException;

    /**
     * Asks GitLab whether it has ended the job: once another engine has it nothing else would tell.
     * A call for each question; {@code false} as well when GitLab does not answer.
     */
    boolean isOver() throws InterruptedException;
}
