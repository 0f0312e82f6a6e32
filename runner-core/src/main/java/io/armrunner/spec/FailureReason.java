package io.armrunner.spec;

import java.util.List;
import java.util.Locale;

/** Why a job failed, in GitLab's words (runner-protocol §5.5). */
public enum FailureReason {
    /** The user's script, or a command of a stage, ended with another status than 0. */
    SCRIPT_FAILURE,
    /** Something that the runner could not do. */
    RUNNER_SYSTEM_FAILURE,
    /** A time-out of the job or of one of its parts. */
    JOB_EXECUTION_TIMEOUT,
    /** The configuration forbids or lacks what the job needs. */
    RUNNER_CONFIGURATION_ERROR,
    /** A registry, a secret provider or another service outside could not be reached. */
    RUNNER_EXTERNAL_DEPENDENCY_FAILURE,
    /** The image could not be pulled. */
    IMAGE_PULL_FAILURE,
    /** The runner was told to stop while the job ran. */
    RUNNER_INTERRUPTED,
    /** The user cancelled the job. */
    JOB_CANCELED,
    /** Nothing better is known. */
    UNKNOWN_FAILURE;

    /** The reason's name on the wire. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The reason to send to a server that knows {@code supported}: itself, or the nearest one that
     * this server takes (runner-protocol §5.5, column "if not listed").
     */
    public FailureReason supportedBy(List<String> supported) {
        if (supported.contains(wireName())) {
            return this;
        }
        return switch (this) {
            case SCRIPT_FAILURE, RUNNER_SYSTEM_FAILURE, JOB_EXECUTION_TIMEOUT -> this;
            case RUNNER_CONFIGURATION_ERROR -> SCRIPT_FAILURE;
            case RUNNER_EXTERNAL_DEPENDENCY_FAILURE, IMAGE_PULL_FAILURE -> RUNNER_SYSTEM_FAILURE;
            case RUNNER_INTERRUPTED, JOB_CANCELED, UNKNOWN_FAILURE -> UNKNOWN_FAILURE;
        };
    }
}
