package io.armrunner.artifacts;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** Names the largest files of an artifact that was too large. */
final class Largest {
    private static final int SHOWN = 10;

    private record Sized(Path path, long bytes) {}

    private Largest() {}

    static List<String> of(Path root, List<Path> files) {
        PriorityQueue<Sized> largest = new PriorityQueue<>(Comparator.comparingLong(Sized::bytes));
        long total = 0;
        for (Path file : files) {
            long bytes = size(root.resolve(file));
            total += bytes;
            largest.add(new Sized(file, bytes));
            if (largest.size() > SHOWN) {
                largest.remove();
            }
        }
        List<String> lines = new ArrayList<>();
        lines.add(
                "The files have %s before compression; the largest are:"
                        .formatted(megabytes(total)));
        largest.stream()
                .sorted(Comparator.comparingLong(Sized::bytes).reversed())
                .forEach(one -> lines.add(megabytes(one.bytes()) + " " + one.path()));
        return lines;
    }

    private static long size(Path path) {
        try {
            return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) ? Files.size(path) : 0;
        } catch (IOException e) {
            // It is gone by now, so it takes no room.
            return 0;
        }
    }

    private static String megabytes(long bytes) {
        return "%.2f MB".formatted(bytes / 1e6);
    }
}
