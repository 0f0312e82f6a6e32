package io.armrunner.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What a process takes of the machine, from the kernel's books (Linux). Any thread; a process that
 * has ended takes nothing.
 */
final class Footprint {
    /** The kernel counts CPU in hundredths of a second on every platform that has these files. */
    private static final long TICKS_A_SECOND = 100;

    private static final long KIB = 1024;

    private final Path books;

    Footprint(long process) {
        this.books = Path.of("/proc", Long.toString(process));
    }

    /** Resident bytes, those shared with other processes counted by share. */
    long memory() {
        return kilobytes("smaps_rollup", "Pss:") * KIB;
    }

    /** Resident bytes that are no file's. */
    long anonymous() {
        return kilobytes("status", "RssAnon:") * KIB;
    }

    /** CPU of the process and of its children that have ended. */
    Duration cpu() {
        try {
            String stat = Files.readString(books.resolve("stat"));
            // The second field is a name in brackets, which may hold anything.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            long ticks = 0;
            for (int field = 11; field <= 14; field++) {
                ticks += Long.parseLong(fields[field]);
            }
            return Duration.ofMillis(ticks * 1000 / TICKS_A_SECOND);
        } catch (IOException _) {
            return Duration.ZERO;
        }
    }

    private long kilobytes(String file, String label) {
        List<String> lines;
        try {
            lines = Files.readAllLines(books.resolve(file));
        } catch (IOException _) {
            return 0;
        }
        for (String line : lines) {
            if (line.startsWith(label)) {
                return Long.parseLong(line.substring(label.length()).replace("kB", "").strip());
            }
        }
        return 0;
    }
}
