package io.armrunner.engine;

import io.armrunner.trace.Ticker;
import java.time.Duration;

/**
 * A moment by which a part of the job has to be done.
 *
 * @param at on the ticker's scale
 */
record Deadline(Duration at) {
    static Deadline in(Ticker ticker, Duration time) {
        return new Deadline(ticker.now().plus(time));
    }

    boolean isOver(Ticker ticker) {
        return ticker.now().compareTo(at) >= 0;
    }

    Deadline orEarlier(Deadline other) {
        return at.compareTo(other.at) <= 0 ? this : other;
    }
}
