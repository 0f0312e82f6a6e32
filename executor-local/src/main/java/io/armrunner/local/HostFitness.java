package io.armrunner.local;

import io.armrunner.config.ByteSize;
import io.armrunner.config.LaneConfig;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Whether a host has enough left for another job. Thread-safe; all it remembers is whether it was
 * too hot.
 *
 * @see HostSensors
 */
public final class HostFitness {
    /** A host that has just cooled to the limit would be too hot again with the next job. */
    private static final int COOLED = 5;

    private final LaneConfig.Floors floors;
    private final HostSensors sensors;
    private volatile boolean hot;

    public HostFitness(LaneConfig.Floors floors, HostSensors sensors) {
        this.floors = floors;
        this.sensors = sensors;
    }

    /** Why no job should be started now; {@code builds} is where it would write. */
    Optional<String> unfit(Path builds) {
        if (floors.freeDisk() > 0) {
            long free = sensors.freeDisk(builds).orElse(Long.MAX_VALUE);
            if (free < floors.freeDisk()) {
                return Optional.of(
                        "%s of disk are free, min_free_disk is %s"
                                .formatted(
                                        ByteSize.format(free), ByteSize.format(floors.freeDisk())));
            }
        }
        if (floors.freeMemory() > 0) {
            long free = sensors.freeMemory().orElse(Long.MAX_VALUE);
            if (free < floors.freeMemory()) {
                return Optional.of(
                        "%s of memory are free, min_free_memory is %s"
                                .formatted(
                                        ByteSize.format(free),
                                        ByteSize.format(floors.freeMemory())));
            }
        }
        return temperature().or(this::throttling);
    }

    private Optional<String> temperature() {
        if (floors.maxTemperature() == 0) {
            return Optional.empty();
        }
        int degrees = sensors.temperature().orElse(Integer.MIN_VALUE);
        hot = degrees > (hot ? floors.maxTemperature() - COOLED : floors.maxTemperature());
        return hot
                ? Optional.of(
                        "it has %d degrees, max_temperature is %d"
                                .formatted(degrees, floors.maxTemperature()))
                : Optional.empty();
    }

    private Optional<String> throttling() {
        return floors.throttledTaken() ? Optional.empty() : sensors.throttling();
    }
}
