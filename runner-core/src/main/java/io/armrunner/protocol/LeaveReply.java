package io.armrunner.protocol;

/** GitLab's answer to the deletion of a runner, or of one manager of it (runner-protocol §2.3). */
public sealed interface LeaveReply {
    /** 204, the only success. */
    record Left() implements LeaveReply {}

    /** Any other status after all retries: the runner stays in the configuration. */
    record Refused(int httpStatus, String message) implements LeaveReply {}
}
