package io.armrunner.manager;

import io.armrunner.protocol.JobReply;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks GitLab for jobs of one runner, on threads of its own: one, and more while GitLab gives jobs
 * and {@code request_concurrency} allows.
 *
 * <p>A slot is reserved before each request, as an accepted job can't be given back. After a job
 * the next request follows at once; after an empty answer at the next tick, or when a job of this
 * runner ends: it may have opened the way for the next one.
 */
final class Poller implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Poller.class);

    /** An answer that is on its way when we stop may hold a job, which would be lost with it. */
    private static final Duration LAST_ANSWER = Duration.ofSeconds(2);

    /**
     * How to ask. A reload replaces it whole; a request under way keeps the terms that it began
     * with, and so does the job that it brings.
     *
     * @param interval between two requests that got nothing
     * @param notAsked told each time that the runner is due and left alone
     */
    record Terms(
            ConfiguredRunner runner,
            RunnerHealth health,
            RequestConcurrency concurrency,
            Duration interval,
            Runnable notAsked) {}

    /** Takes what the poller gets. */
    @FunctionalInterface
    interface Dispatcher {
        /**
         * Takes a job with its slot, and closes the slot when the job has ended; returns at once.
         */
        void accept(ConfiguredRunner runner, JobReply.Job job, Slots.Slot slot);
    }

    private final Slots slots;
    private final Slots.Share share;
    private final Dispatcher dispatcher;

    private final Object lock = new Object();
    // Guarded by the lock.
    private final List<Thread> threads = new ArrayList<>();
    private final Set<Thread> asking = new HashSet<>();
    private boolean stopping;
    private long wakes;
    private volatile Terms terms;

    Poller(Terms terms, Slots slots, Slots.Share share, Dispatcher dispatcher) {
        this.terms = terms;
        this.slots = slots;
        this.share = share;
        this.dispatcher = dispatcher;
    }

    /** How it asks just now. */
    Terms terms() {
        return terms;
    }

    /** Asks in another way from the next request on. */
    void change(Terms changed) {
        terms = changed;
        wake();
        addThreads(Duration.ZERO);
    }

    /**
     * Asks no more, but a request under way is heard to its end: it may bring a job. Returns at
     * once; {@link #isOver} says when all is done.
     */
    void retire() {
        synchronized (lock) {
            stopping = true;
            lock.notifyAll();
            threads.stream().filter(thread -> !asking.contains(thread)).forEach(Thread::interrupt);
        }
    }

    /** Whether none of its threads is left. */
    boolean isOver() {
        synchronized (lock) {
            return threads.stream().noneMatch(Thread::isAlive);
        }
    }

    /** Begins, {@code delay} after now: several runners are spread over the interval. */
    void start(Duration delay) {
        addThreads(delay);
    }

    /** A job of this runner has ended. */
    void jobEnded() {
        wake();
    }

    private void wake() {
        synchronized (lock) {
            wakes++;
            lock.notifyAll();
        }
    }

    private void addThreads(Duration delay) {
        synchronized (lock) {
            threads.removeIf(thread -> !thread.isAlive());
            while (!stopping && threads.size() < terms.concurrency().current()) {
                int index = threads.size();
                threads.add(
                        Thread.ofVirtual()
                                .name("poll-" + terms.runner().shortName() + "-" + index)
                                .start(() -> poll(index, delay)));
            }
        }
    }

    private void poll(int index, Duration delay) {
        try {
            pause(delay);
            while (goesOn(index)) {
                Terms now = terms;
                boolean job = now.health().pause().isZero() ? ask(now) : rest(now);
                if (!job || now.runner().config().strictCheckInterval()) {
                    pause(now.interval());
                }
            }
        } catch (InterruptedException _) {
            // Told to stop while waiting: there is nothing to undo.
            Thread.currentThread().interrupt();
        }
    }

    private boolean goesOn(int index) {
        synchronized (lock) {
            return !stopping && (index == 0 || index < terms.concurrency().current());
        }
    }

    private boolean rest(Terms now) throws InterruptedException {
        Duration left = now.health().pause();
        now.notAsked().run();
        pause(left.compareTo(now.interval()) < 0 ? left : now.interval());
        return false;
    }

    /** One request; says whether a job came. */
    private boolean ask(Terms now) throws InterruptedException {
        ConfiguredRunner runner = now.runner();
        Optional<Slots.Slot> kept = slot(runner);
        if (kept.isEmpty()) {
            return false;
        }
        Slots.Slot slot = kept.get();
        boolean handedOn = false;
        try {
            synchronized (lock) {
                if (stopping) {
                    return false;
                }
                asking.add(Thread.currentThread());
            }
            try {
                JobReply reply = runner.source().request(slots.mayBeHeld());
                now.concurrency().answered(reply instanceof JobReply.Job, reply.retriable());
                if (reply instanceof JobReply.Job job) {
                    handedOn = true;
                    dispatcher.accept(runner, job, slot);
                    addThreads(Duration.ZERO);
                }
                return answered(now, reply);
            } finally {
                synchronized (lock) {
                    asking.remove(Thread.currentThread());
                    lock.notifyAll();
                }
            }
        } catch (IOException e) {
            now.health().healthy();
            LOG.warn(
                    "request_failed runner={} url={} error=\"{}\"",
                    runner.shortName(),
                    runner.config().url(),
                    e.toString());
            return false;
        } finally {
            if (!handedOn) {
                slot.close();
            }
        }
    }

    /**
     * A place among all jobs, with room in one of the runner's lanes; empty if no lane had any for
     * a while.
     */
    private Optional<Slots.Slot> slot(ConfiguredRunner runner) throws InterruptedException {
        // First the lane: who waits for one must not keep a place from other runners.
        Optional<LaneBoard.Reservation> room = runner.lanes().reserve();
        if (room.isEmpty()) {
            return Optional.empty();
        }
        try {
            Slots.Slot slot = slots.take(share);
            slot.keep(room.get());
            return Optional.of(slot);
        } catch (InterruptedException e) {
            room.get().close();
            throw e;
        }
    }

    private boolean answered(Terms now, JobReply reply) {
        ConfiguredRunner runner = now.runner();
        RunnerHealth health = now.health();
        switch (reply) {
            case JobReply.Job _ -> {
                health.healthy();
                return true;
            }
            case JobReply.NoJob _, JobReply.Conflict _ -> health.healthy();
            case JobReply.Forbidden refusal -> {
                LOG.error(
                        "runner_refused runner={} url={} correlation_id={} hint=\"GitLab does not know this token: register the runner again\"",
                        runner.shortName(),
                        runner.config().url(),
                        refusal.correlationId());
                if (health.refused()) {
                    LOG.error(
                            "runner_unhealthy runner={} url={} pause_s={}",
                            runner.shortName(),
                            runner.config().url(),
                            runner.config().unhealthyInterval().toSeconds());
                }
            }
            case JobReply.Failed failed -> {
                health.healthy();
                LOG.warn(
                        "request_failed runner={} status={} message=\"{}\" correlation_id={}",
                        runner.shortName(),
                        failed.httpStatus(),
                        failed.message(),
                        failed.correlationId());
            }
        }
        return false;
    }

    /** Waits, but not longer than until a job of this runner ends or the terms change. */
    private void pause(Duration time) throws InterruptedException {
        long end = System.nanoTime() + time.toNanos();
        synchronized (lock) {
            long before = wakes;
            while (!stopping && wakes == before) {
                long left = end - System.nanoTime();
                if (left <= 0) {
                    return;
                }
                lock.wait(left / 1_000_000, (int) (left % 1_000_000));
            }
        }
    }

    /** Asks no more. Waits {@value} a moment for an answer that is on its way: it may be a job. */
    @Override
    public void close() {
        List<Thread> all;
        synchronized (lock) {
            stopping = true;
            lock.notifyAll();
            all = List.copyOf(threads);
        }
        boolean interrupted = false;
        long end = System.nanoTime() + LAST_ANSWER.toNanos();
        synchronized (lock) {
            // Without a request under way there is nothing to wait for.
            while (!asking.isEmpty() && System.nanoTime() < end) {
                try {
                    lock.wait(10);
                } catch (InterruptedException _) {
                    interrupted = true;
                    break;
                }
            }
        }
        for (Thread thread : all) {
            thread.interrupt();
        }
        for (Thread thread : all) {
            try {
                thread.join(LAST_ANSWER);
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
