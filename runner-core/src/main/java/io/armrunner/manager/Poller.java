package io.armrunner.manager;

import io.armrunner.protocol.JobReply;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
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

    private final ConfiguredRunner runner;
    private final Slots slots;
    private final Slots.Share share;
    private final RunnerHealth health;
    private final RequestConcurrency concurrency;
    private final Duration interval;
    private final BiConsumer<JobReply.Job, Slots.Slot> dispatcher;

    private final Object lock = new Object();
    private final List<Thread> threads = new ArrayList<>();
    private boolean stopping;
    private long jobEnds;
    private int asking;

    /**
     * @param dispatcher takes a job with its slot, and closes the slot when the job has ended;
     *     returns at once
     */
    Poller(
            ConfiguredRunner runner,
            Slots slots,
            Slots.Share share,
            RunnerHealth health,
            RequestConcurrency concurrency,
            Duration interval,
            BiConsumer<JobReply.Job, Slots.Slot> dispatcher) {
        this.runner = runner;
        this.slots = slots;
        this.share = share;
        this.health = health;
        this.concurrency = concurrency;
        this.interval = interval;
        this.dispatcher = dispatcher;
    }

    /** Begins, {@code delay} after now: several runners are spread over the interval. */
    void start(Duration delay) {
        addThreads(delay);
    }

    /** A job of this runner has ended. */
    void jobEnded() {
        synchronized (lock) {
            jobEnds++;
            lock.notifyAll();
        }
    }

    private void addThreads(Duration delay) {
        synchronized (lock) {
            threads.removeIf(thread -> !thread.isAlive());
            while (!stopping && threads.size() < concurrency.current()) {
                int index = threads.size();
                threads.add(
                        Thread.ofVirtual()
                                .name("poll-" + runner.shortName() + "-" + index)
                                .start(() -> poll(index, delay)));
            }
        }
    }

    private void poll(int index, Duration delay) {
        try {
            pause(delay);
            while (goesOn(index)) {
                boolean job = health.pause().isZero() ? ask() : rest();
                if (!job || runner.config().strictCheckInterval()) {
                    pause(interval);
                }
            }
        } catch (InterruptedException _) {
            // Told to stop while waiting: there is nothing to undo.
            Thread.currentThread().interrupt();
        }
    }

    private boolean goesOn(int index) {
        synchronized (lock) {
            return !stopping && (index == 0 || index < concurrency.current());
        }
    }

    private boolean rest() throws InterruptedException {
        Duration left = health.pause();
        pause(left.compareTo(interval) < 0 ? left : interval);
        return false;
    }

    /** One request; says whether a job came. */
    private boolean ask() throws InterruptedException {
        Slots.Slot slot = slots.take(share);
        boolean handedOn = false;
        try {
            synchronized (lock) {
                if (stopping) {
                    return false;
                }
                asking++;
            }
            try {
                JobReply reply = runner.source().request(slots.mayBeHeld());
                concurrency.answered(reply instanceof JobReply.Job, reply.retriable());
                if (reply instanceof JobReply.Job job) {
                    handedOn = true;
                    dispatcher.accept(job, slot);
                    addThreads(Duration.ZERO);
                }
                return answered(reply);
            } finally {
                synchronized (lock) {
                    asking--;
                    lock.notifyAll();
                }
            }
        } catch (IOException e) {
            health.healthy();
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

    private boolean answered(JobReply reply) {
        switch (reply) {
            case JobReply.Job _ -> {
                health.healthy();
                return true;
            }
            case JobReply.NoJob _, JobReply.Conflict _ -> health.healthy();
            case JobReply.Forbidden _ -> {
                LOG.error(
                        "runner_refused runner={} url={} hint=\"GitLab does not know this token: register the runner again\"",
                        runner.shortName(),
                        runner.config().url());
                if (health.refused()) {
                    LOG.error(
                            "runner_unhealthy runner={} url={} pause_s={}",
                            runner.shortName(),
                            runner.config().url(),
                            runner.config().unhealthyInterval().toSeconds());
                }
            }
            case JobReply.Failed(int status, String message, int _) -> {
                health.healthy();
                LOG.warn(
                        "request_failed runner={} status={} message=\"{}\"",
                        runner.shortName(),
                        status,
                        message);
            }
        }
        return false;
    }

    /** Waits, but not longer than until a job of this runner ends. */
    private void pause(Duration time) throws InterruptedException {
        long end = System.nanoTime() + time.toNanos();
        synchronized (lock) {
            long before = jobEnds;
            while (!stopping && jobEnds == before) {
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
            while (asking > 0 && System.nanoTime() < end) {
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
