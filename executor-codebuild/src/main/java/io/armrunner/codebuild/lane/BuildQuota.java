package io.armrunner.codebuild.lane;

import io.armrunner.trace.Ticker;
import java.time.Duration;

/**
 * How many builds AWS lets run at once, as far as is known: nobody says it, so it is learned from a
 * refusal and tried again, one more each minute. Thread-safe.
 */
final class BuildQuota {
    private static final Duration GROWTH = Duration.ofMinutes(1);

    private final Ticker ticker;
    private int active;
    private int learned;
    private Duration grown = Duration.ZERO;

    BuildQuota(Ticker ticker) {
        this.ticker = ticker;
    }

    /** A build is about to start. */
    synchronized void begun() {
        active++;
    }

    /** A build has ended, or did not start. */
    synchronized void ended() {
        active--;
    }

    /** AWS took no further build, with those that there were besides the refused one. */
    synchronized void refused() {
        int had = Math.max(1, active - 1);
        learned = Math.max(1, learned == 0 ? had : Math.min(had, learned * 9 / 10));
        grown = ticker.now();
    }

    /** Builds at once; 0 while no limit is known. */
    synchronized int limit() {
        if (learned == 0) {
            return 0;
        }
        long minutes = ticker.now().minus(grown).dividedBy(GROWTH);
        if (minutes > 0) {
            learned += (int) Math.min(10_000, minutes);
            grown = grown.plus(GROWTH.multipliedBy(minutes));
        }
        return learned;
    }

    synchronized int active() {
        return active;
    }
}
