package io.armrunner.spec;

/**
 * What GitLab tells the runner of itself (runner-protocol §3.8.4); {@code timeout} is in seconds, 0
 * or less when not given.
 */
public record RunnerInfo(int timeout) {
    /** What stands for an absent one. */
    public static final RunnerInfo EMPTY = new RunnerInfo(0);

    public RunnerInfo(int timeout) {
        this.timeout = timeout;
    }
}
