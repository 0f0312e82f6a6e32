package io.armrunner.trace;

import java.time.Duration;

/**
 * Wakes up the one who waits for it; rung before, it is heard at once. One lock, the object's own.
 */
public final class Bell {
    private boolean rung;

    /** Wakes up the waiting thread, or the next that waits. */
    public synchronized void ring() {
        rung = true;
        notifyAll();
    }

    /** Takes back what was rung and not heard; returns whether there was something. */
    public synchronized boolean hush() {
        boolean was = rung;
        rung = false;
        return was;
    }

    /** Waits until it rings, {@code limit} at most; returns whether it rang. */
    public synchronized boolean await(Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (!rung) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            // Rounded up: 0 would wait for ever.
            wait(left / 1_000_000 + 1);
        }
        rung = false;
        return true;
    }
}
