package io.armrunner.spec;

/**
 * The one way in which the engine says that a job cannot go on, and why. A script that fails is not
 * one of these: that is an outcome.
 */
public final class JobFailure extends Exception {
    private static final long serialVersionUID = 1L;

    private final FailureReason reason;
    private final int exitCode;

    /**
     * @param reason the class of failure, as GitLab counts it
     * @param explanation what was tried, on what, and what to do: the user reads it in the job's
     *     log
     */
    public JobFailure(FailureReason reason, String explanation) {
        this(reason, explanation, 0);
    }

    /** As the other constructor, with an exit code to report (0 reports none). */
    public JobFailure(FailureReason reason, String explanation, int exitCode) {
        super(explanation);
        this.reason = reason;
        this.exitCode = exitCode;
    }

    /** As the first constructor, with what lay beneath it, for the service's own log. */
    public JobFailure(FailureReason reason, String explanation, Throwable cause) {
        super(explanation, cause);
        this.reason = reason;
        this.exitCode = 0;
    }

    public FailureReason reason() {
        return reason;
    }

    /** The exit code to report; 0 when there is none. */
    public int exitCode() {
        return exitCode;
    }
}
