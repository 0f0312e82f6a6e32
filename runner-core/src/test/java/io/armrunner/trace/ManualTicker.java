package io.armrunner.trace;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/** Time that passes only while somebody waits, and in which a test's events happen. One thread. */
final class ManualTicker implements Ticker {
    private final TreeMap<Duration, Runnable> events = new TreeMap<>();
    private Duration now = Duration.ZERO;

    void at(Duration time, Runnable event) {
        events.merge(
                time,
                event,
                (one, two) ->
                        () -> {
                            one.run();
                            two.run();
                        });
    }

    @Override
    public Duration now() {
        return now;
    }

    void pass(Duration time) {
        now = now.plus(time);
    }

    @Override
    public boolean await(Bell bell, Duration limit) {
        if (limit.compareTo(Duration.ofHours(100)) > 0) {
            throw new AssertionError("a wait without a limit: " + limit);
        }
        Duration end = now.plus(limit);
        while (true) {
            if (bell.hush()) {
                return true;
            }
            Map.Entry<Duration, Runnable> event = events.firstEntry();
            if (event == null || event.getKey().compareTo(end) > 0) {
                now = end;
                return false;
            }
            events.remove(event.getKey());
            now = event.getKey().compareTo(now) > 0 ? event.getKey() : now;
            event.getValue().run();
        }
    }
}
