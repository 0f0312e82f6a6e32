package io.armrunner.engine;

import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;

/** How a job ended (job-semantics §1.7). */
public sealed interface Outcome {
    /** All went well. */
    record Succeeded() implements Outcome {}

    /**
     * The job failed, through the user's script or through us.
     *
     * @param reason before it is mapped to what the server knows
     * @param explanation what stands behind {@code Job failed: } in the log
     * @param exitCode the code to report, 0 for none
     */
    record Failed(FailureReason reason, String explanation, int exitCode) implements Outcome {
        static Failed of(JobFailure failure) {
            return new Failed(
                    failure.reason(), String.valueOf(failure.getMessage()), failure.exitCode());
        }

        /** The job's last line. */
        public String lastLine() {
            return (reason == FailureReason.RUNNER_SYSTEM_FAILURE
                            ? "Job failed (system failure): "
                            : "Job failed: ")
                    + explanation;
        }
    }

    /** GitLab said that the job is over: it is told nothing more. */
    record Over() implements Outcome {}
}
