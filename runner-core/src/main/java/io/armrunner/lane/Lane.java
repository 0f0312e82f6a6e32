package io.armrunner.lane;

import java.time.Duration;
import java.util.Optional;

/**
 * A place where jobs of a runner can run. One for each runner that uses it; all methods are safe
 * for any number of threads.
 */
public sealed interface Lane permits EnvironmentLane, RemoteLane {
    /** What operators and the log call it, such as {@code shell}. */
    String name();

    /**
     * Why no job could run here at this moment; empty if one could. Asked before each job and each
     * request for one, so it takes a few system calls at most.
     */
    default Optional<String> unfit() {
        return Optional.empty();
    }

    /**
     * The longest time-out of a job that can run here; empty for any. A job with a longer one is
     * another lane's.
     */
    default Optional<Duration> longest() {
        return Optional.empty();
    }

    /**
     * How many jobs it can have at once as far as it has learned; 0 for no limit. Asked as {@link
     * #unfit} is.
     */
    default int limit() {
        return 0;
    }
}
