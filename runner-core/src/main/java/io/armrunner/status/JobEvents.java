package io.armrunner.status;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Hears what happens to jobs. Called by the manager, on the threads of jobs and pollers; every
 * method returns at once and throws nothing. Each has a default that does nothing, so a listener
 * takes what it wants.
 */
public interface JobEvents {
    /** Hears nothing. */
    JobEvents NONE = new JobEvents() {};

    /**
     * The service has these runners from now on: at its start and after each change of its
     * configuration.
     *
     * @param concurrent jobs at once over all of them
     */
    default void serves(List<RunnerFacts> runners, int concurrent) {}

    /**
     * Where to ask for the lanes of the runners, by the runners' short names, as they are at that
     * moment; follows each {@link #serves}.
     */
    default void boards(Supplier<Map<String, List<LaneView>>> lanes) {}

    /**
     * A job was accepted, or is taken up again after a restart.
     *
     * @param directory the job's own; its log is the file {@code trace} in it
     */
    default void accepted(JobFacts job, Path directory) {}

    /** A stage of a job begins, such as {@code get_sources}. */
    default void stage(JobKey job, String stage) {}

    /** A job's directory is elsewhere from now on; said before {@link #ended}. */
    default void moved(JobKey job, Path directory) {}

    /**
     * A job has ended and GitLab was told, or could not be. Its directory is still there, and no
     * longer used; once for each accepted job.
     */
    default void ended(JobKey job, JobEnd end) {}

    /** A request for a job is on its way. */
    default void asking(String runner) {}

    /** A runner was due and was left alone: GitLab refuses it, or there is no room on the disk. */
    default void notAsked(String runner) {}

    /** A request for a job has its answer; follows each {@link #asking}. */
    default void answered(String runner, Asked answer) {}

    /**
     * Something keeps jobs from being asked for or run, or does so no longer.
     *
     * @param about what has the trouble, such as {@code disk} or {@code lane shell of X}; one
     *     trouble each
     * @param what one line for a person; empty when it is over
     */
    default void trouble(String about, Optional<String> what) {}

    /**
     * The answer to a request for a job.
     *
     * @param kind what came
     * @param adaptiveLimit how many requests at once GitLab's answers speak for
     * @param usedLimit how many there may be
     */
    record Asked(Kind kind, double adaptiveLimit, int usedLimit) {
        /** What came. */
        public enum Kind {
            JOB,
            NO_JOB,
            /** GitLab does not know the token. */
            REFUSED,
            /** GitLab has trouble, or did not answer. */
            FAILED
        }
    }
}
