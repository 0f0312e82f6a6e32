package io.armrunner.status;

import java.util.Locale;

/**
 * A lane as the status page and metrics show it, at one moment.
 *
 * @param name what it is called
 * @param executor what runs jobs there
 * @param capacity jobs at once, 0 for no limit
 * @param used jobs it has
 * @param state whether it takes another
 * @param reason why not, empty if it does
 */
public record LaneView(
        String name, String executor, int capacity, int used, State state, String reason) {
    /** Whether a lane takes jobs. */
    public enum State {
        /** It takes the next job. */
        OPEN,
        /** As many jobs as it may have. */
        FULL,
        /** Its configuration says so. */
        PAUSED,
        /** Something is wrong with it; it is tried again by itself. */
        CLOSED;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
