package io.armrunner.manager;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The places for running jobs of this process: {@code concurrent} in all, {@code limit} for each
 * runner.
 *
 * <p>Who waits longest is served first, passing over runners that are at their own limit.
 * Thread-safe.
 */
final class Slots {
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<Waiter> waiting = new ArrayDeque<>();
    private int limit;
    private int taken;

    Slots(int concurrent) {
        limit = concurrent;
    }

    /** One runner's share. Guarded by the lock of the slots. */
    static final class Share {
        private int limit;
        private int taken;

        /** At most {@code limit} at once, 0 for no limit. */
        Share(int limit) {
            this.limit = limit;
        }
    }

    /** A place that is taken; closing it frees it, once. */
    final class Slot implements AutoCloseable {
        private final Share share;
        private boolean closed;
        // Written by who asks for a job, before it is handed on.
        private LaneBoard.@Nullable Reservation reservation;

        private Slot(Share share) {
            this.share = share;
        }

        /** Keeps room in a lane together with this place. */
        void keep(LaneBoard.Reservation room) {
            reservation = room;
        }

        /**
         * The room in a lane that was kept for the job; a job of an earlier process has its own.
         */
        Optional<LaneBoard.Reservation> reservation() {
            return Optional.ofNullable(reservation);
        }

        @Override
        public void close() {
            LaneBoard.Reservation kept = reservation;
            if (kept != null) {
                kept.close();
            }
            lock.lock();
            try {
                if (!closed) {
                    closed = true;
                    taken--;
                    share.taken--;
                    serve();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /** Somebody who waits. Guarded by the lock. */
    private static final class Waiter {
        private final Share share;
        private final Condition served;
        private @Nullable Slot slot;

        Waiter(Share share, Condition served) {
            this.share = share;
            this.served = served;
        }
    }

    /** Waits for a place. */
    Slot take(Share share) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            Waiter waiter = new Waiter(share, lock.newCondition());
            waiting.addLast(waiter);
            serve();
            try {
                while (true) {
                    Slot slot = waiter.slot;
                    if (slot != null) {
                        return slot;
                    }
                    waiter.served.await();
                }
            } catch (InterruptedException e) {
                waiting.remove(waiter);
                Slot served = waiter.slot;
                if (served != null) {
                    served.close();
                }
                throw e;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Takes a place at once, beyond the limits if need be: for a job that runs already. */
    Slot takeUp(Share share) {
        lock.lock();
        try {
            taken++;
            share.taken++;
            return new Slot(share);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Whether a place may be held for long by somebody who only asks: not while another one waits
     * for it, or the runners would take turns of a minute.
     */
    boolean mayBeHeld() {
        lock.lock();
        try {
            return waiting.stream().allMatch(Slots::isFull) && (taken < limit || waiting.isEmpty());
        } finally {
            lock.unlock();
        }
    }

    /** Other limits from now on; nobody loses a place for it. */
    void resize(int concurrent) {
        lock.lock();
        try {
            limit = concurrent;
            serve();
        } finally {
            lock.unlock();
        }
    }

    /** Another limit for one runner. */
    void resize(Share share, int ownLimit) {
        lock.lock();
        try {
            share.limit = ownLimit;
            serve();
        } finally {
            lock.unlock();
        }
    }

    /** How many places are taken. */
    int taken() {
        lock.lock();
        try {
            return taken;
        } finally {
            lock.unlock();
        }
    }

    private void serve() {
        var waiters = waiting.iterator();
        while (taken < limit && waiters.hasNext()) {
            Waiter waiter = waiters.next();
            if (!isFull(waiter)) {
                waiters.remove();
                taken++;
                waiter.share.taken++;
                waiter.slot = new Slot(waiter.share);
                waiter.served.signal();
            }
        }
    }

    private static boolean isFull(Waiter waiter) {
        return waiter.share.limit > 0 && waiter.share.taken >= waiter.share.limit;
    }
}
