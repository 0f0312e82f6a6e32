package io.armrunner.codebuild.lane;

import io.armrunner.trace.Ticker;
import java.time.Duration;

/**
 * How often a call may be made: some at once, then so many a second; slower for a while after AWS
 * asked for that. Thread-safe.
 */
final class Pace {
    private final double normal;
    private final double burst;
    private final Ticker ticker;
    private double rate;
    private double left;
    private Duration at;

    /**
     * @param perSecond in the long run
     * @param burst at once
     */
    Pace(double perSecond, int burst, Ticker ticker) {
        this.normal = perSecond;
        this.burst = burst;
        this.ticker = ticker;
        rate = perSecond;
        left = burst;
        at = ticker.now();
    }

    /** Takes the next turn; says how long to wait for it. */
    synchronized Duration turn() {
        Duration now = ticker.now();
        double seconds = now.minus(at).toNanos() / 1e9;
        at = now;
        // A minute without a complaint brings the pace back.
        rate = Math.min(normal, rate + normal * seconds / 60);
        left = Math.min(burst, left + seconds * rate) - 1;
        return left >= 0 ? Duration.ZERO : Duration.ofNanos((long) (-left / rate * 1e9));
    }

    /** AWS says that calls come too fast. */
    synchronized void slower() {
        rate = Math.max(normal / 16, rate / 2);
    }
}
