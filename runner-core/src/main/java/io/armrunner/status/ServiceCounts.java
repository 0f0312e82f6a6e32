package io.armrunner.status;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/**
 * What the service does besides jobs, counted from its first moment: the numbers are there before
 * anybody can ask for them. Thread-safe.
 */
final class ServiceCounts {
    private final LongAdder refused = new LongAdder();
    private final LongAdder saved = new LongAdder();
    private final LongAdder notSaved = new LongAdder();
    private volatile Supplier<List<LaneNumbers>> lanes = List::of;
    private volatile Supplier<Map<String, List<LaneView>>> boards = Map::of;
    private volatile ProcessState state = ProcessState.STARTING;

    /** The configuration's file could not be used. */
    void configurationRefused() {
        refused.increment();
    }

    /** The service has changed its configuration's file, or could not. */
    void configurationSaved(boolean done) {
        (done ? saved : notSaved).increment();
    }

    void lanes(Supplier<List<LaneNumbers>> numbers) {
        lanes = numbers;
    }

    List<LaneNumbers> lanes() {
        return lanes.get();
    }

    void boards(Supplier<Map<String, List<LaneView>>> now) {
        boards = now;
    }

    /** All lanes as they are now, by their runners' short names. */
    Map<String, List<LaneView>> boards() {
        return boards.get();
    }

    void state(ProcessState now) {
        state = now;
    }

    ProcessState state() {
        return state;
    }

    long refused() {
        return refused.sum();
    }

    long saved() {
        return saved.sum();
    }

    long notSaved() {
        return notSaved.sum();
    }
}
