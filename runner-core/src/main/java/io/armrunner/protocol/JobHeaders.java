package io.armrunner.protocol;

import io.armrunner.http.HttpReply;
import java.time.Duration;
import java.util.Optional;

/**
 * Reads the headers by which GitLab speaks to a running job (runner-protocol §4.2, §5.2). Pure
 * functions.
 */
final class JobHeaders {
    // A longer interval would let a cancellation wait too long.
    private static final Duration LONGEST = Duration.ofMinutes(15);

    private JobHeaders() {}

    static JobStatus status(HttpReply reply) {
        return switch (reply.header("Job-Status").orElse("")) {
            case "canceling" -> JobStatus.CANCELING;
            case "canceled", "failed" -> JobStatus.OVER;
            default -> JobStatus.RUNNING;
        };
    }

    static Optional<Duration> interval(HttpReply reply) {
        return reply.header("X-GitLab-Trace-Update-Interval")
                .map(JobHeaders::number)
                .filter(seconds -> seconds > 0)
                .map(seconds -> Duration.ofSeconds(Math.min(seconds, LONGEST.toSeconds())));
    }

    /**
     * The n of {@code Range: 0-n}; 0 when the header is absent or garbled, so that the log is sent
     * anew.
     */
    static long storedLength(HttpReply reply) {
        String range = reply.header("Range").orElse("");
        return range.startsWith("0-") ? Math.max(0, number(range.substring(2))) : 0;
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text.strip());
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
