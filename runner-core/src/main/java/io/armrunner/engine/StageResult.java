package io.armrunner.engine;

import io.armrunner.spec.JobFailure;

/** How one stage of a job ended. */
sealed interface StageResult {
    /** It did what it should. */
    record Passed() implements StageResult {}

    /** Its shell ended with another status than 0. */
    record Exited(int status) implements StageResult {}

    /** Its processes were killed by somebody else. */
    record Killed() implements StageResult {}

    /** The user cancelled. */
    record Cancelled() implements StageResult {}

    /** Its own limit was over. */
    record TimedOut() implements StageResult {}

    /** The job as a whole ends: an abort, or the job's limit. */
    record JobEnds() implements StageResult {}

    /** We could not run it. */
    record Broken(JobFailure failure) implements StageResult {}

    /** It ended with the host or with the runner's processes; the job ends with it. */
    record Lost(JobFailure failure) implements StageResult {}
}
