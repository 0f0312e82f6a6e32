package io.armrunner.trace;

import java.time.Duration;

/**
 * How often and how long {@link TraceUploader} tries.
 *
 * @param interval between two patches, until the server says otherwise
 * @param firstDelay from the first byte of the log to the first patch: a job that is over by then
 *     costs one patch in all
 * @param keepAlive the time without sent data after which the state is told instead
 * @param finalRounds how often GitLab may refuse the final update; {@link #NO_LIMIT} for until
 *     {@code finalLimit}. Tries while it is not there at all do not count
 * @param finalLimit the final update is given up after this time, in which the job's token expires
 */
public record UploadSettings(
        Duration interval,
        Duration firstDelay,
        Duration keepAlive,
        int finalRounds,
        Duration finalLimit) {
    /** Rounds without number. */
    public static final int NO_LIMIT = Integer.MAX_VALUE;

    /**
     * GitLab Runner's numbers, with 10 rounds (about 9 minutes of pauses). The first patch waits
     * for 250 ms: seen at once by who watches, and longer than a trivial job takes.
     */
    public static final UploadSettings DEFAULT =
            new UploadSettings(
                    Duration.ofSeconds(3),
                    Duration.ofMillis(250),
                    Duration.ofSeconds(30),
                    10,
                    Duration.ofHours(24));

    public UploadSettings {
        if (finalRounds < 1) {
            throw new IllegalArgumentException(
                    "final update rounds %d: must be 1 or more".formatted(finalRounds));
        }
    }

    /** These, with another number of rounds for the final update. */
    public UploadSettings withFinalRounds(int rounds) {
        return new UploadSettings(interval, firstDelay, keepAlive, rounds, finalLimit);
    }

    /** These, with rounds until the job's token expires. */
    public UploadSettings untilTokenExpires(Duration limit) {
        return new UploadSettings(interval, firstDelay, keepAlive, NO_LIMIT, limit);
    }
}
