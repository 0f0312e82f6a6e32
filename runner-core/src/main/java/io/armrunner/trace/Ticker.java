package io.armrunner.trace;

import java.time.Duration;

/** Passing time for {@link TraceUploader}: the real one, or a test's. */
public interface Ticker {
    /** The machine's own time. */
    Ticker SYSTEM =
            new Ticker() {
                @Override
                public Duration now() {
                    return Duration.ofNanos(System.nanoTime());
                }

                @Override
                public boolean await(Bell bell, Duration limit) throws InterruptedException {
                    return bell.await(limit);
                }
            };

    /** Time since an arbitrary moment; only ever grows. */
    Duration now();

    /** Waits until the bell rings, {@code limit} at most; returns whether it rang. */
    boolean await(Bell bell, Duration limit) throws InterruptedException;
}
