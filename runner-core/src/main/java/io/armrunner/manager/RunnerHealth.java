package io.armrunner.manager;

import io.armrunner.trace.Ticker;
import java.time.Duration;

/**
 * Whether a runner's token still works: after some refusals in a row it is not asked with for a
 * while (runner-protocol §3.6). Only a 403 is a refusal; a GitLab that is down is not the runner's
 * fault. Thread-safe.
 */
final class RunnerHealth {
    private final int limit;
    private final Duration pause;
    private final Ticker ticker;
    private int refusals;
    private Duration lastHealthy;

    RunnerHealth(int limit, Duration pause, Ticker ticker) {
        this.limit = limit;
        this.pause = pause;
        this.ticker = ticker;
        lastHealthy = ticker.now();
    }

    /** GitLab took the token. */
    synchronized void healthy() {
        refusals = 0;
        lastHealthy = ticker.now();
    }

    /** GitLab refused the token; says whether the runner has just become unhealthy. */
    synchronized boolean refused() {
        refusals++;
        return refusals == limit;
    }

    /** How long to leave the runner alone; zero when it may be asked with. */
    synchronized Duration pause() {
        if (refusals < limit) {
            return Duration.ZERO;
        }
        Duration left = lastHealthy.plus(pause).minus(ticker.now());
        if (left.isPositive()) {
            return left;
        }
        // One try is due; if it is refused as well, the next one is a whole pause away.
        refusals = limit - 1;
        lastHealthy = ticker.now();
        return Duration.ZERO;
    }
}
