package io.armrunner.manager;

import io.armrunner.status.JobEvents;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The free space below which no job is asked for: an accepted job can't be given back. What is
 * short is said once, and once more when it is over. Thread-safe; asked before each request.
 */
public final class DiskFloor {
    private static final Logger LOG = LoggerFactory.getLogger(DiskFloor.class);

    private final long floor;
    private final JobEvents events;

    // Guarded by this object's lock.
    private final Map<Path, Boolean> shortages = new HashMap<>();

    /**
     * @param floor in bytes; 0 for no floor
     * @param events hears of shortages
     */
    public DiskFloor(long floor, JobEvents events) {
        this.floor = floor;
        this.events = events;
    }

    /** Whether there is less room than wanted where any of these directories is, or will be. */
    boolean isShort(List<Path> directories) {
        boolean any = false;
        for (Path directory : directories) {
            any |= isShort(directory);
        }
        return any;
    }

    private synchronized boolean isShort(Path directory) {
        long free = floor == 0 ? Long.MAX_VALUE : free(directory);
        boolean now = free < floor;
        boolean before = shortages.getOrDefault(directory, false);
        if (now != before) {
            shortages.put(directory, now);
            if (now) {
                LOG.warn(
                        "disk_short directory={} free_mb={} wanted_mb={} hint=\"no job is asked for until there is room; min_free_disk sets how much\"",
                        directory,
                        free >> 20,
                        floor >> 20);
            } else {
                LOG.info("disk_has_room directory={} free_mb={}", directory, free >> 20);
            }
            events.trouble(
                    "disk " + directory,
                    now
                            ? Optional.of(
                                    "%d MB are free, %d MB are wanted: no job is asked for"
                                            .formatted(free >> 20, floor >> 20))
                            : Optional.empty());
        }
        return now;
    }

    /** The free bytes where a directory is; of one that is not there yet, where it will be. */
    static long free(Path directory) {
        @Nullable Path there = directory.toAbsolutePath();
        while (there != null && !Files.exists(there)) {
            there = there.getParent();
        }
        // Asks the kernel once; a FileStore reads all mounts first.
        return there == null ? Long.MAX_VALUE : new File(there.toString()).getUsableSpace();
    }
}
