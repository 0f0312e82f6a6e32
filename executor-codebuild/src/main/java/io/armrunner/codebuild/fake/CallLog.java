package io.armrunner.codebuild.fake;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Every call that came, and how many in each second of the fake's own time. Thread-safe. */
final class CallLog {
    private final InstantSource time;
    private final List<AwsCall> calls = new ArrayList<>();
    private final Map<String, Long> counts = new TreeMap<>();
    // By name, the second and how many came in it.
    private final Map<String, Map<Long, Integer>> seconds = new HashMap<>();

    CallLog(InstantSource time) {
        this.time = time;
    }

    synchronized void add(AwsCall call) {
        calls.add(call);
        counts.merge(call.name(), 1L, Long::sum);
        seconds.computeIfAbsent(call.name(), _ -> new HashMap<>())
                .merge(time.instant().getEpochSecond(), 1, Integer::sum);
    }

    synchronized List<AwsCall> all() {
        return List.copyOf(calls);
    }

    synchronized Map<String, Long> counts() {
        return Map.copyOf(counts);
    }

    /** The most calls of a name that came in a window, divided by its seconds. */
    synchronized double peak(String name, Duration window) {
        Map<Long, Integer> all = seconds.getOrDefault(name, Map.of());
        long width = Math.max(1, window.toSeconds());
        int most = 0;
        for (long start : all.keySet()) {
            int sum = 0;
            for (long second = start; second < start + width; second++) {
                sum += all.getOrDefault(second, 0);
            }
            most = Math.max(most, sum);
        }
        return (double) most / width;
    }

    /** How many calls of a name came since then. */
    synchronized long since(String name, Instant when) {
        return seconds.getOrDefault(name, Map.of()).entrySet().stream()
                .filter(entry -> entry.getKey() >= when.getEpochSecond())
                .mapToLong(Map.Entry::getValue)
                .sum();
    }
}
