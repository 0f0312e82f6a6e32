package io.armrunner.codebuild.fake;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToIntFunction;

/**
 * How many builds of a kind run at once; the others wait, and who comes next is a matter of luck,
 * as in reality. Thread-safe.
 */
final class Slots {
    /** A place; equal to itself only. */
    static final class Place {
        private final CompletableFuture<Void> ready = new CompletableFuture<>();

        /** Done once the build may run. */
        CompletableFuture<Void> ready() {
            return ready;
        }
    }

    private final ToIntFunction<String> limit;
    private final Names names;
    private final Map<String, Integer> running = new HashMap<>();
    private final Map<String, List<Place>> waiting = new HashMap<>();

    Slots(ToIntFunction<String> limit, Names names) {
        this.limit = limit;
        this.names = names;
    }

    /** How many of a kind may wait: five times as many as may run, none on Lambda compute. */
    int queueLimit(String kind) {
        return kind.contains("_LAMBDA_") ? 0 : 5 * limit.applyAsInt(kind);
    }

    /** Whether one more could only wait where no room for waiting is left. */
    synchronized boolean isFull(String kind) {
        return running.getOrDefault(kind, 0) >= limit.applyAsInt(kind)
                && waiting.getOrDefault(kind, List.of()).size() >= queueLimit(kind);
    }

    /** A place, taken or waited for. */
    synchronized Place take(String kind) {
        Place place = new Place();
        waiting.computeIfAbsent(kind, _ -> new ArrayList<>()).add(place);
        drain(kind);
        return place;
    }

    /** Gives a place back, or up while it is still waited for. */
    synchronized void free(String kind, Place place) {
        boolean waited = waiting.getOrDefault(kind, List.of()).removeIf(each -> each == place);
        if (!waited) {
            running.merge(kind, -1, Integer::sum);
        }
        drain(kind);
    }

    private void drain(String kind) {
        List<Place> queue = waiting.getOrDefault(kind, List.of());
        while (!queue.isEmpty() && running.getOrDefault(kind, 0) < limit.applyAsInt(kind)) {
            running.merge(kind, 1, Integer::sum);
            queue.remove(names.below(queue.size())).ready.complete(null);
        }
    }
}
