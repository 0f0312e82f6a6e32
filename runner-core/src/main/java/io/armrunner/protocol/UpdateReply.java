package io.armrunner.protocol;

import java.time.Duration;
import java.util.Optional;

/** GitLab's answer to a state (runner-protocol §5.2, in the order of its table). */
public sealed interface UpdateReply {
    /** What GitLab says of the job besides. */
    JobStatus status();

    /**
     * {@code X-GitLab-Trace-Update-Interval}, when it was there and more than 0; at most 15 min.
     */
    Optional<Duration> interval();

    /**
     * 403, 404, or the job is over: nothing more is to be said. For a final state this means
     * "finished".
     */
    record Abort(int httpStatus, JobStatus status, Optional<Duration> interval)
            implements UpdateReply {}

    /** 200. */
    record Done(JobStatus status, Optional<Duration> interval) implements UpdateReply {}

    /**
     * 202: accepted, not yet complete; the same final state is sent again after {@code interval}.
     */
    record AcceptedNotCompleted(JobStatus status, Optional<Duration> interval)
            implements UpdateReply {}

    /** 412: the log does not fit; it is sent again from 0. */
    record TraceValidationFailed(JobStatus status, Optional<Duration> interval)
            implements UpdateReply {}

    /** Any other status, after all retries. */
    record Failed(int httpStatus, JobStatus status, Optional<Duration> interval)
            implements UpdateReply {}
}
