package io.armrunner.lane;

import io.armrunner.plan.JobPlan;
import java.nio.file.Path;

/**
 * One job on its way through a {@link RemoteLane}. Until {@link #release} the manager writes its
 * log; from then on only the engine that it is handed to. Used by the job's thread.
 */
public interface RemoteJob extends ParkedJob {
    /** How far the job is asked to stop. */
    enum Stop {
        /** Not at all. */
        NONE,
        /** The user cancelled it. */
        CANCELED,
        /** GitLab says that it is over. */
        OVER,
        /** This process ends. */
        MANAGER
    }

    /** What is to be done; its directories are those of {@link RemoteLane#roots()}. */
    JobPlan plan();

    /** The payload as it came. */
    byte[] raw();

    /** The job's own directory, 0700. */
    Path directory();

    /** Writes a line of the runner's. */
    void say(String line);

    /**
     * Writes no more: the log so far is all in the file {@code trace} of the job's directory.
     * Called once; what GitLab says of the job is not heard any more either.
     *
     * @return how many bytes of the log GitLab has, as far as is known
     */
    long release() throws InterruptedException;

    /**
     * Writes no more lines of its own, only what {@link #append} is given; GitLab is told of it,
     * and heard, by this process to the job's end. Called once, instead of {@link #release}.
     */
    void relay();

    /** Adds what the engine elsewhere has written to the log. */
    void append(byte[] bytes, int from, int length);

    /** The length of the log so far, in whatever process it was written. */
    long written();
}
