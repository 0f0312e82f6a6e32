package io.armrunner.manager;

import io.armrunner.engine.EngineLimits;
import io.armrunner.protocol.JobReply;
import io.armrunner.trace.Ticker;
import io.armrunner.trace.UploadSettings;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The service: runs the jobs of some runners until it is told to stop.
 *
 * <p>{@link #start} begins; {@link #drain} asks for no more jobs, {@link #stop} ends the running
 * ones as well; {@link #awaitIdle} waits for the last job. All methods are safe for any thread.
 */
public final class Manager implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Manager.class);

    /**
     * How the service works.
     *
     * @param concurrent jobs at once, over all runners
     * @param checkInterval between two requests of a runner that got nothing
     * @param shutdownTimeout how long {@link #stop} leaves running jobs to report
     * @param hostname what jobs are told to run on
     */
    public record Settings(
            int concurrent, Duration checkInterval, Duration shutdownTimeout, String hostname) {}

    private final Settings settings;
    private final Journal journal;
    private final Slots slots;
    private final JobRun.Context context;
    private final Ticker ticker;
    private final List<Poller> pollers = new ArrayList<>();
    private final Set<JobRun> running = ConcurrentHashMap.newKeySet();
    private final Object idle = new Object();
    private volatile String stopping = "";

    /** A manager that has not started and reports as often as GitLab Runner does. */
    public Manager(
            Settings settings,
            Journal journal,
            EngineLimits limits,
            InstantSource clock,
            Ticker ticker) {
        this(settings, journal, limits, UploadSettings.DEFAULT, clock, ticker);
    }

    /** A manager that has not started; {@code upload} says how often it sends logs. */
    public Manager(
            Settings settings,
            Journal journal,
            EngineLimits limits,
            UploadSettings upload,
            InstantSource clock,
            Ticker ticker) {
        this.settings = settings;
        this.journal = journal;
        this.ticker = ticker;
        slots = new Slots(settings.concurrent());
        context = new JobRun.Context(settings.hostname(), limits, upload, clock, ticker);
    }

    /** Begins to ask for the jobs of these runners, spread over the check interval. Called once. */
    public void start(List<ConfiguredRunner> runners) {
        Duration step = settings.checkInterval().dividedBy(Math.max(1, runners.size()));
        synchronized (pollers) {
            for (ConfiguredRunner runner : runners) {
                Poller poller = poller(runner);
                poller.start(step.multipliedBy(pollers.size()));
                pollers.add(poller);
            }
        }
    }

    private Poller poller(ConfiguredRunner runner) {
        ConcurrentIds ids = new ConcurrentIds();
        Slots.Share share = new Slots.Share(runner.config().limit());
        boolean adaptive =
                runner.config()
                        .featureFlags()
                        .getOrDefault("FF_USE_ADAPTIVE_REQUEST_CONCURRENCY", true);
        Poller[] self = new Poller[1];
        self[0] =
                new Poller(
                        runner,
                        slots,
                        share,
                        new RunnerHealth(
                                runner.config().unhealthyRequestsLimit(),
                                runner.config().unhealthyInterval(),
                                ticker),
                        new RequestConcurrency(runner.config().requestConcurrency(), adaptive),
                        settings.checkInterval(),
                        (job, slot) ->
                                begin(
                                        new JobRun(runner, job, ids, journal, context),
                                        job,
                                        slot,
                                        self[0]));
        return self[0];
    }

    private void begin(JobRun run, JobReply.Job job, Slots.Slot slot, Poller poller) {
        running.add(run);
        String signal = stopping;
        if (!signal.isEmpty()) {
            // It was on its way when we were told to stop: it is reported as interrupted at once.
            run.stop(signal);
        }
        Thread.ofVirtual()
                .name("job-" + job.payload().id())
                .start(() -> {
                    try (slot) {
                        run.run();
                    } finally {
                        running.remove(run);
                        synchronized (idle) {
                            idle.notifyAll();
                        }
                    }
                    poller.jobEnded();
                });
    }

    /** How many jobs run. */
    public int running() {
        return running.size();
    }

    /** Asks for no more jobs; those that run go on. */
    public void drain() {
        List<Poller> all;
        synchronized (pollers) {
            all = List.copyOf(pollers);
            pollers.clear();
        }
        LOG.info("draining jobs={}", running.size());
        // Each waits a moment for its last answer: all at once, so that many runners do not add up.
        List<Thread> closing =
                all.stream()
                        .map(poller -> Thread.ofVirtual().name("poll-closing").start(poller::close))
                        .toList();
        boolean interrupted = false;
        for (Thread thread : closing) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Ends all jobs as interrupted and waits until GitLab knows.
     *
     * @param signal as the jobs' logs say it, {@code terminated} or {@code interrupt}
     * @return whether all were reported within the shutdown time-out
     */
    public boolean stop(String signal) throws InterruptedException {
        stopping = signal;
        running.forEach(run -> run.stop(signal));
        drain();
        return awaitIdle(settings.shutdownTimeout());
    }

    /** Waits until no job runs; says whether that came to be within the limit. */
    public boolean awaitIdle(Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        synchronized (idle) {
            while (!running.isEmpty()) {
                long left = (end - System.nanoTime()) / 1_000_000;
                if (left <= 0) {
                    return false;
                }
                idle.wait(left);
            }
        }
        return true;
    }

    /** Stops as {@link #stop} does, for whoever leaves in a hurry. */
    @Override
    public void close() {
        try {
            stop("terminated");
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
