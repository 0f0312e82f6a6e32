package io.armrunner.testing;

import io.armrunner.trace.Bell;
import io.armrunner.trace.Ticker;
import java.time.Duration;

/** Time that only the test moves; nobody may wait in it. Any thread. */
public final class HandTicker implements Ticker {
    private volatile Duration now = Duration.ZERO;

    /** Moves to this time, counted from the ticker's beginning. */
    public void moveTo(Duration time) {
        now = time;
    }

    @Override
    public Duration now() {
        return now;
    }

    @Override
    public boolean await(Bell bell, Duration limit) {
        throw new UnsupportedOperationException("nothing here waits");
    }
}
