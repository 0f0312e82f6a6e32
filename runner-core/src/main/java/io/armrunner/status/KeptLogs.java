package io.armrunner.status;

import io.armrunner.trace.LogFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;

/**
 * The logs of ended jobs, one file each, until they are too old, too large together or too many.
 * Guarded by its own lock; a log is moved here, not copied.
 */
final class KeptLogs {
    /** Small logs: this many are known by name, which is cheap, and found in a directory. */
    private static final int MOST = 1000;

    private record Log(Path file, long bytes, Instant ended) {}

    private final Path directory;
    private final Operations.Kept limits;
    private final InstantSource clock;
    private final Deque<Log> logs = new ArrayDeque<>();
    private long total;

    private KeptLogs(Path directory, Operations.Kept limits, InstantSource clock) {
        this.directory = directory;
        this.limits = limits;
        this.clock = clock;
    }

    /** Those of the directory, which is made if need be. */
    static KeptLogs open(Path directory, Operations.Kept limits, InstantSource clock)
            throws IOException {
        JobBook.createPrivate(directory);
        KeptLogs kept = new KeptLogs(directory, limits, clock);
        kept.load();
        kept.removeOld();
        return kept;
    }

    private synchronized void load() throws IOException {
        List<Log> found = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                found.add(
                        new Log(
                                file,
                                Files.size(file),
                                Files.getLastModifiedTime(file).toInstant()));
            }
        }
        found.sort(Comparator.comparing(Log::ended));
        logs.addAll(found);
        total = found.stream().mapToLong(Log::bytes).sum();
    }

    /**
     * Keeps the log of a job that has ended.
     *
     * @return where it is now
     */
    synchronized Path keep(JobKey job, Path trace) throws IOException {
        Path file = directory.resolve(job + ".log");
        if (Files.deleteIfExists(file)) {
            logs.removeIf(log -> {
                boolean same = log.file().equals(file);
                total -= same ? log.bytes() : 0;
                return same;
            });
        }
        LogFile.moveTo(trace, file);
        Log log = new Log(file, Files.size(file), clock.instant());
        logs.addLast(log);
        total += log.bytes();
        removeOld();
        return file;
    }

    /** Removes what is beyond the limits, the oldest first, and what a full disk needs more. */
    synchronized void removeOld() throws IOException {
        Instant oldest = clock.instant().minus(limits.age());
        while (!logs.isEmpty()
                && (total > limits.bytes()
                        || logs.size() > MOST
                        || directory.toFile().getUsableSpace() < limits.free()
                        || logs.getFirst().ended().isBefore(oldest))) {
            Log log = logs.removeFirst();
            total -= log.bytes();
            Files.deleteIfExists(log.file());
        }
    }
}
