package io.armrunner.status;

/**
 * Names a job among those of all runners: job ids are unique only within one GitLab.
 *
 * @param runner short form of the runner's token
 * @param job GitLab's id
 */
public record JobKey(String runner, long job) {
    /** {@code runner.job}, as directories and files are named. */
    @Override
    public String toString() {
        return runner + "." + job;
    }
}
