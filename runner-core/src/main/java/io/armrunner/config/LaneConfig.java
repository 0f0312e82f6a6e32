package io.armrunner.config;

import java.time.Duration;
import java.util.Optional;

/**
 * One {@code [[runners.lanes]]} entry: a place for jobs of the runner, and which jobs it takes.
 * Defaults are filled in.
 *
 * @param name what the log and {@code ARMRUNNER_LANE} call it; unique within the runner
 * @param executor what runs jobs there: {@code shell}, {@code codebuild}
 * @param rules which jobs it takes
 * @param floors below which the host takes no job; of no meaning where each job has its own machine
 * @param codebuild the {@code [runners.lanes.codebuild]} table, interpreted by that executor
 */
public record LaneConfig(
        String name, String executor, Rules rules, Floors floors, Settings codebuild) {
    /** Whose jobs a lane takes. */
    public enum Refs {
        ALL,
        /** Only those of protected branches and tags: code that was reviewed. */
        PROTECTED
    }

    /**
     * Which jobs a lane takes.
     *
     * @param capacity jobs at once, 0 for no limit
     * @param paused takes none for now
     * @param refs whose
     * @param maxTimeout takes no job that may take longer
     */
    public record Rules(int capacity, boolean paused, Refs refs, Optional<Duration> maxTimeout) {
        /** Takes all jobs, any number. */
        public static final Rules NONE = new Rules(0, false, Refs.ALL, Optional.empty());

        /** The same rules for a lane that itself can have no job longer than this. */
        public Rules within(Duration longest) {
            return maxTimeout.filter(most -> most.compareTo(longest) <= 0).isPresent()
                    ? this
                    : new Rules(capacity, paused, refs, Optional.of(longest));
        }
    }

    /**
     * What the host must have left for another job.
     *
     * @param freeDisk bytes on the disk of the builds, 0 for any
     * @param freeMemory bytes of memory that programs could get, 0 for any
     * @param maxTemperature degrees Celsius of the hottest sensor, 0 for any
     * @param throttledTaken whether a host that says it is throttled takes jobs all the same
     */
    public record Floors(
            long freeDisk, long freeMemory, int maxTemperature, boolean throttledTaken) {
        /** No floor at all. */
        public static final Floors NONE = new Floors(0, 0, 0, true);
    }
}
