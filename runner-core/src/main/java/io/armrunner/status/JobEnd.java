package io.armrunner.status;

import java.time.Instant;

/**
 * How a job ended.
 *
 * @param failureReason in GitLab's words, empty unless it failed
 * @param exitCode of a failed script, 0 for none
 * @param delivered whether nothing of the job has to be sent any more
 * @param logBytes what GitLab has of its log
 * @param at when
 */
public record JobEnd(
        Result result,
        String failureReason,
        int exitCode,
        boolean delivered,
        long logBytes,
        Instant at) {
    /** The end in one word. */
    public enum Result {
        SUCCESS("success"),
        FAILED("failed"),
        /** GitLab wanted to hear no more of it: canceled or gone. */
        OVER("over"),
        /** The runner broke down over it or was told to leave; GitLab knows nothing of its end. */
        LOST("lost");

        private final String word;

        Result(String word) {
            this.word = word;
        }

        /** As files and pages have it. */
        public String word() {
            return word;
        }
    }
}
