package io.armrunner.protocol;

/** What the header {@code Job-Status} of a reply asks for (runner-protocol §6.1). */
public enum JobStatus {
    /** Nothing: the job goes on, or the header was absent or unknown. */
    RUNNING,
    /** The user cancelled: the script ends, after_script and uploads follow. */
    CANCELING,
    /** The job is over for GitLab ({@code canceled} or {@code failed}): everything stops. */
    OVER
}
