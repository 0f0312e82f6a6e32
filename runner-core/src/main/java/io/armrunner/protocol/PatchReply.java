package io.armrunner.protocol;

import java.time.Duration;
import java.util.Optional;

/** GitLab's answer to a piece of the log (runner-protocol §4.2). */
public sealed interface PatchReply {
    /** What GitLab says of the job besides; {@link JobStatus#OVER} only in {@link Abort}. */
    JobStatus status();

    /**
     * {@code X-GitLab-Trace-Update-Interval}, when it was there and more than 0; at most 15 min.
     */
    Optional<Duration> interval();

    /** 202: all bytes of the patch are stored. */
    record Accepted(JobStatus status, Optional<Duration> interval) implements PatchReply {}

    /** 416: GitLab has {@code length} bytes; the next patch starts there, be it ahead or back. */
    record RangeMismatch(long length, JobStatus status, Optional<Duration> interval)
            implements PatchReply {}

    /** 404: the job goes on, the same bytes are sent again. */
    record NotFound(JobStatus status, Optional<Duration> interval) implements PatchReply {}

    /** 403, or the job is over: nothing more may be sent but the final state. */
    record Abort(JobStatus status, Optional<Duration> interval) implements PatchReply {}

    /** Any other status, after all retries: the same bytes are sent again later. */
    record Failed(int httpStatus, JobStatus status, Optional<Duration> interval)
            implements PatchReply {}
}
