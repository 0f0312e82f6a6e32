package io.armrunner.manager;

/**
 * How many requests for a job a runner may have open at once: grows with jobs that come, shrinks
 * with trouble (runner-protocol §3.5, adaptive concurrency). Thread-safe.
 */
final class RequestConcurrency {
    private final int limit;
    private final boolean adaptive;
    private double value;

    /**
     * @param limit {@code request_concurrency}
     * @param adaptive FF_USE_ADAPTIVE_REQUEST_CONCURRENCY; without it the limit is used at once
     */
    RequestConcurrency(int limit, boolean adaptive) {
        this.limit = limit;
        this.adaptive = adaptive;
    }

    synchronized int current() {
        return adaptive ? Math.min(Math.max(1, (int) Math.ceil(value)), limit) : limit;
    }

    synchronized void answered(boolean job, int retriable) {
        double factor = retriable > 0 ? 0.5 : job ? 1.1 : 0.95;
        value = Math.clamp(value * factor, 1, limit);
    }

    /** Before it is rounded, for the operator. */
    synchronized double value() {
        return Math.max(1, value);
    }
}
