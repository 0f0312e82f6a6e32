package io.armrunner.codebuild.lane;

import io.armrunner.trace.Ticker;
import java.time.Duration;

/**
 * How many builds AWS lets run at once, as far as is known: what the account is granted, if that
 * can be read, and what is learned from a refusal and tried again, one more each minute.
 * Thread-safe.
 */
final class BuildQuota {
    private final Ticker ticker;
    private final Duration growth;
    private int starting;
    private int granted;
    private int learned;
    private Duration grown = Duration.ZERO;

    /**
     * @param growth after which one more is tried
     */
    BuildQuota(Ticker ticker, Duration growth) {
        this.ticker = ticker;
        this.growth = growth;
    }

    /** What the account is granted; 0 if nobody says. */
    synchronized void granted(int builds) {
        granted = builds;
    }

    /** Whether the account is known to be granted any. */
    synchronized boolean hasGrant() {
        return granted > 0;
    }

    /** A build is about to start. */
    synchronized void begun() {
        starting++;
    }

    /** It has started, or will not. */
    synchronized void ended() {
        starting--;
    }

    /**
     * AWS took no further build.
     *
     * @param running how many there were, those about to start not counted
     */
    synchronized void refused(int running) {
        int had = Math.max(1, running + starting - 1);
        learned = Math.max(1, learned == 0 ? had : Math.min(had, learned * 9 / 10));
        grown = ticker.now();
    }

    /** Builds at once; 0 while no limit is known. */
    synchronized int limit() {
        if (learned == 0) {
            return granted;
        }
        long minutes = ticker.now().minus(grown).dividedBy(growth);
        if (minutes > 0) {
            learned += (int) Math.min(10_000, minutes);
            grown = grown.plus(growth.multipliedBy(minutes));
        }
        return granted == 0 ? learned : Math.min(granted, learned);
    }
}
