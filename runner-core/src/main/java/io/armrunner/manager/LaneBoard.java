package io.armrunner.manager;

import io.armrunner.config.LaneConfig;
import io.armrunner.lane.EnvironmentLane;
import io.armrunner.lane.Lane;
import io.armrunner.status.LaneView;
import io.armrunner.trace.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

/**
 * The lanes of one runner: who has room, and how many jobs each has. An accepted job can't be given
 * back, so room is reserved before each request for one. Thread-safe; all state is guarded by the
 * one lock of its books, which a changed configuration takes over.
 */
public final class LaneBoard {
    /** How soon a lane that has become fit again is seen. */
    private static final Duration LOOK = Duration.ofMillis(500);

    /**
     * One lane.
     *
     * @param executor what runs jobs there, for the status
     */
    public record Entry(Lane lane, String executor, LaneConfig.Rules rules) {}

    private final List<Place> places = new ArrayList<>();
    private final boolean single;
    // Replaced once, before the board is used.
    private volatile Books books = new Books();

    /** What outlives a change of the configuration: who is where. */
    private static final class Books {
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition changed = lock.newCondition();
        private final Map<LaneKey, Tally> tallies = new HashMap<>();
        private int reserved;
        private long changes;

        void change() {
            changes++;
            changed.signalAll();
        }
    }

    /** What makes a lane of a changed configuration the same as before. */
    private record LaneKey(String name, String executor) {}

    /** The jobs of a lane, and how they went; no health for a runner's one place. */
    private static final class Tally {
        private int used;
        private Optional<LaneHealth> health;

        Tally(Optional<LaneHealth> health) {
            this.health = health;
        }
    }

    /** A lane with its jobs. */
    private static final class Place {
        private final Entry entry;
        private Tally tally;

        Place(Entry entry, Optional<LaneHealth> health) {
            this.entry = entry;
            tally = new Tally(health);
        }

        LaneKey key() {
            return new LaneKey(entry.lane().name(), entry.executor());
        }

        /** What the configuration allows, or less if the lane has learned that it can't. */
        private int capacity() {
            int own = entry.lane().limit();
            int allowed = entry.rules().capacity();
            return own == 0 || (allowed > 0 && allowed < own) ? allowed : own;
        }

        LaneChoice.State state() {
            return new LaneChoice.State(
                    entry.lane().name(),
                    entry.lane().longest().map(entry.rules()::within).orElse(entry.rules()),
                    capacity(),
                    tally.used,
                    tally.health.flatMap(health -> health.unfit(entry.lane())));
        }
    }

    /**
     * @param runner what the service's log calls the runner
     */
    public LaneBoard(String runner, List<Entry> lanes, Ticker ticker) {
        if (lanes.isEmpty()) {
            throw new IllegalArgumentException("a runner has at least one lane");
        }
        single = false;
        for (Entry entry : lanes) {
            add(new Place(entry, Optional.of(new LaneHealth(runner, entry.lane().name(), ticker))));
        }
    }

    private LaneBoard(Lane lane) {
        single = true;
        add(new Place(new Entry(lane, lane.name(), LaneConfig.Rules.NONE), Optional.empty()));
    }

    private void add(Place place) {
        places.add(place);
        books.tallies.put(place.key(), place.tally);
    }

    /**
     * Takes the place of a board that the runner had before its configuration was changed: the jobs
     * that run, and the requests under way, count here as well, and a lane that has closed stays
     * closed. Called before this board is used.
     */
    void follow(LaneBoard before) {
        Books old = before.books;
        old.lock.lock();
        try {
            for (Place place : places) {
                Tally known = old.tallies.putIfAbsent(place.key(), place.tally);
                if (known != null) {
                    known.health = known.health.or(() -> place.tally.health);
                    place.tally = known;
                }
            }
            books = old;
        } finally {
            old.lock.unlock();
        }
    }

    /**
     * The one place of a runner without lanes in its configuration: it takes every job, and what is
     * wrong with it is told in the jobs' logs.
     */
    public static LaneBoard single(Lane lane) {
        return new LaneBoard(lane);
    }

    /** Whether there is nothing to choose. */
    boolean isSingle() {
        return single;
    }

    /** The lanes, in order, as they are now. */
    public List<LaneView> view() {
        Books now = books;
        now.lock.lock();
        try {
            List<LaneView> views = new ArrayList<>(places.size());
            for (Place place : places) {
                LaneChoice.State state = place.state();
                LaneView.State word =
                        state.rules().paused()
                                ? LaneView.State.PAUSED
                                : state.unfit().isPresent()
                                        ? LaneView.State.CLOSED
                                        : state.hasRoom()
                                                ? LaneView.State.OPEN
                                                : LaneView.State.FULL;
                views.add(
                        new LaneView(
                                state.name(),
                                place.entry.executor(),
                                state.capacity(),
                                state.used(),
                                word,
                                state.unfit().orElse("")));
            }
            return views;
        } finally {
            now.lock.unlock();
        }
    }

    /**
     * The place of a job that an earlier process has begun there, whatever the lane's capacity is
     * now; empty if there is no lane of that name any more.
     *
     * @param name empty for a job that had only one lane to go to: it is the first
     */
    Optional<Seat> takeUp(Optional<String> name) {
        Books now = books;
        now.lock.lock();
        try {
            Optional<Place> found =
                    places.stream()
                            .filter(place ->
                                    name.isEmpty() || place.entry.lane().name().equals(name.get()))
                            .findFirst();
            found.ifPresent(place -> place.tally.used++);
            return found.map(place -> new Seat(place, ""));
        } finally {
            now.lock.unlock();
        }
    }

    /** Where the lanes of this host have their builds. */
    List<Path> buildsRoots() {
        List<Path> roots = new ArrayList<>();
        for (Place place : places) {
            if (place.entry.lane() instanceof EnvironmentLane here) {
                roots.add(here.buildsRoot());
            }
        }
        return roots;
    }

    /** The lanes' names, in order. */
    String names() {
        return places.stream()
                .map(place -> place.entry.lane().name())
                .collect(Collectors.joining(","));
    }

    /**
     * Keeps room for one more job in some lane; waits a moment for it, not longer, as the lanes
     * themselves may be changed by another configuration.
     */
    Optional<Reservation> reserve() throws InterruptedException {
        return reserve(LOOK);
    }

    /** As the other one, waiting for this long. */
    Optional<Reservation> reserve(Duration limit) throws InterruptedException {
        Books now = books;
        now.lock.lockInterruptibly();
        try {
            for (long left = limit.toNanos(); room() <= now.reserved; ) {
                if (left <= 0) {
                    return Optional.empty();
                }
                left = now.changed.awaitNanos(left);
            }
            now.reserved++;
            return Optional.of(new Reservation());
        } finally {
            now.lock.unlock();
        }
    }

    /** Keeps room for a job that was accepted by an earlier process, beyond the lanes' room. */
    Reservation reserveBeyond() {
        Books now = books;
        now.lock.lock();
        try {
            now.reserved++;
            return new Reservation();
        } finally {
            now.lock.unlock();
        }
    }

    /** How many more jobs the lanes could take, all together. */
    private long room() {
        long room = 0;
        for (Place place : places) {
            LaneChoice.State state = place.state();
            if (!state.rules().paused() && state.unfit().isEmpty()) {
                int capacity = state.capacity();
                room += capacity == 0 ? Integer.MAX_VALUE : Math.max(0, capacity - state.used());
            }
        }
        return room;
    }

    /** Room for one job whose lane is not chosen yet; closing it gives the room back, once. */
    final class Reservation implements AutoCloseable {
        private boolean closed;

        /** Chooses a lane and takes a place there, or says why there is none. */
        Seating seat(LaneChoice.Wanted job) {
            Books now = books;
            now.lock.lock();
            try {
                List<LaneChoice.State> states = places.stream().map(Place::state).toList();
                return switch (LaneChoice.choose(states, job)) {
                    case LaneChoice.Choice.Taken(int index, String why) -> {
                        Place place = places.get(index);
                        place.tally.used++;
                        close();
                        yield new Seating.Seated(new Seat(place, why));
                    }
                    case LaneChoice.Choice.Later(List<LaneChoice.Refusal> refusals) ->
                            new Seating.Waiting(LaneChoice.text(refusals));
                    case LaneChoice.Choice.Never(List<LaneChoice.Refusal> refusals) ->
                            new Seating.Refused(LaneChoice.text(refusals));
                };
            } finally {
                now.lock.unlock();
            }
        }

        /** Waits until something about the lanes may have changed, but not long. */
        void awaitChange() throws InterruptedException {
            Books now = books;
            now.lock.lockInterruptibly();
            try {
                long before = now.changes;
                for (long left = LOOK.toNanos(); now.changes == before && left > 0; ) {
                    left = now.changed.awaitNanos(left);
                }
            } finally {
                now.lock.unlock();
            }
        }

        @Override
        public void close() {
            Books now = books;
            now.lock.lock();
            try {
                if (!closed) {
                    closed = true;
                    now.reserved--;
                    now.change();
                }
            } finally {
                now.lock.unlock();
            }
        }
    }

    /** What came of looking for a place. */
    sealed interface Seating {
        /** There is one. */
        record Seated(Seat seat) implements Seating {}

        /** There may be one later. */
        record Waiting(String why) implements Seating {}

        /** There will never be one. */
        record Refused(String why) implements Seating {}
    }

    /** A job's place in a lane; closing it gives it back, once. */
    final class Seat implements AutoCloseable {
        private final Place place;
        private final String why;
        private boolean broken;
        private boolean closed;

        private Seat(Place place, String why) {
            this.place = place;
            this.why = why;
        }

        Lane lane() {
            return place.entry.lane();
        }

        /** Why this lane. */
        String why() {
            return why;
        }

        /** The job failed through the lane and not by itself. */
        void broken() {
            Books now = books;
            now.lock.lock();
            try {
                broken = true;
            } finally {
                now.lock.unlock();
            }
        }

        @Override
        public void close() {
            Books now = books;
            now.lock.lock();
            try {
                if (!closed) {
                    closed = true;
                    place.tally.used--;
                    boolean failed = broken;
                    place.tally.health.ifPresent(health -> health.ended(failed));
                    now.change();
                }
            } finally {
                now.lock.unlock();
            }
        }
    }
}
