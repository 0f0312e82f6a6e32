package io.armrunner.manager;

import io.armrunner.lane.Lane;
import io.armrunner.trace.Ticker;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether a lane works. It closes itself when it says that it is unfit, and for a while after some
 * jobs in a row that failed through it; it is asked again until it is well. Guarded by the board's
 * lock.
 */
final class LaneHealth {
    private static final Logger LOG = LoggerFactory.getLogger(LaneHealth.class);

    /** One may be a job's own oddity. */
    private static final int MOST_FAILURES = 3;

    private static final Duration FIRST_PAUSE = Duration.ofSeconds(30);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(10);

    private final String runner;
    private final String lane;
    private final Ticker ticker;
    private int failures;
    private Duration pause = FIRST_PAUSE;
    private Duration openAgain = Duration.ZERO;
    private Optional<String> closed = Optional.empty();
    private Duration closedAt = Duration.ZERO;

    LaneHealth(String runner, String lane, Ticker ticker) {
        this.runner = runner;
        this.lane = lane;
        this.ticker = ticker;
    }

    /**
     * Why the lane takes no job now.
     *
     * @param lane as it is configured now
     */
    Optional<String> unfit(Lane lane) {
        Optional<String> why = lane.unfit();
        if (why.isEmpty() && failures >= MOST_FAILURES && ticker.now().compareTo(openAgain) < 0) {
            why = Optional.of(failures + " jobs in a row failed through it");
        }
        tell(why);
        return why;
    }

    /** A job has ended; {@code broken} says that it failed through the lane. */
    void ended(boolean broken) {
        if (!broken) {
            failures = 0;
            pause = FIRST_PAUSE;
            return;
        }
        failures++;
        if (failures >= MOST_FAILURES) {
            openAgain = ticker.now().plus(pause);
            pause = pause.multipliedBy(2);
            pause = pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
        }
    }

    private void tell(Optional<String> why) {
        if (why.isPresent() && closed.isEmpty()) {
            closedAt = ticker.now();
            LOG.warn("lane_closed runner={} lane={} reason=\"{}\"", runner, lane, why.get());
        } else if (why.isEmpty() && closed.isPresent()) {
            LOG.info(
                    "lane_open runner={} lane={} closed_s={}",
                    runner,
                    lane,
                    ticker.now().minus(closedAt).toSeconds());
        }
        closed = why;
    }
}
