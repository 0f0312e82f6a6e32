package io.armrunner.lane;

import io.armrunner.spec.JobFailure;
import java.nio.file.Path;

/** How a job elsewhere ended, as far as the manager knows. */
public sealed interface RemoteEnd {
    /**
     * GitLab took the report of the engine there.
     *
     * @param state {@code success} or {@code failed}
     * @param reason of a failure, in GitLab's words
     * @param exitCode of a script, 0 for none
     * @param logBytes the length of the log
     */
    record Delivered(String state, String reason, int exitCode, long logBytes)
            implements RemoteEnd {}

    /**
     * The engine there came to the end and GitLab did not take it.
     *
     * @param told what it wanted to say
     * @param log a file with the whole log
     */
    record Unreported(Delivered told, Path log) implements RemoteEnd {}

    /**
     * The engine there came to the end, its whole log is here, and GitLab is still to be told.
     *
     * @param told what is to be told
     */
    record Relayed(Delivered told) implements RemoteEnd {}

    /** GitLab says that the job is over and wants to hear no more. */
    record Over() implements RemoteEnd {}

    /**
     * Nobody else will tell GitLab the end.
     *
     * @param begun whether an engine there had the job and may have written to its log
     */
    record Lost(JobFailure why, boolean begun) implements RemoteEnd {}

    /** This process stops, the job does not: the next one finds it. */
    record Left() implements RemoteEnd {}

    /** The engine there has the job, or nothing can be done just now. */
    record Parked(Waiting waiting) implements RemoteEnd {}
}
