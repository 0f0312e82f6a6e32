package io.armrunner.manager;

import io.armrunner.engine.EngineLimits;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.spec.Secret;
import io.armrunner.status.JobEvents;
import io.armrunner.status.LaneView;
import io.armrunner.trace.Ticker;
import io.armrunner.trace.UploadSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The service: runs the jobs of some runners until it is told to stop.
 *
 * <p>{@link #start} begins; {@link #reload} goes on with another configuration; {@link #drain} asks
 * for no more jobs, {@link #stop} ends the running ones as well; {@link #awaitIdle} waits for the
 * last job. All methods are safe for any thread.
 */
public final class Manager implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Manager.class);

    /** A payload is written in milliseconds; a disk that takes longer than this is broken. */
    private static final Duration WRITING = Duration.ofSeconds(10);

    /** Somebody looks within a week. */
    private static final Duration UNDELIVERED_AGE = Duration.ofDays(7);

    /** How often it is looked, at most, whether a log is too old. */
    private static final Duration TIDY_INTERVAL = Duration.ofHours(1);

    private static final Duration WRITING_LOOK = Duration.ofMillis(5);

    /**
     * How the service works.
     *
     * @param concurrent jobs at once, over all runners
     * @param checkInterval between two requests of a runner that got nothing
     * @param shutdownTimeout how long {@link #stop} leaves running jobs to report
     * @param hostname what jobs are told to run on
     * @param jobs after how many accepted jobs no more are asked for; 0 for never
     * @param undeliveredAge how long the log of a job is kept that GitLab did not take
     */
    public record Settings(
            int concurrent,
            Duration checkInterval,
            Duration shutdownTimeout,
            String hostname,
            int jobs,
            Duration undeliveredAge) {
        /** A service that goes on until it is told to stop. */
        public Settings(
                int concurrent, Duration checkInterval, Duration shutdownTimeout, String hostname) {
            this(concurrent, checkInterval, shutdownTimeout, hostname, 0, UNDELIVERED_AGE);
        }

        private Settings with(int atOnce, Duration interval, Duration shutdown) {
            return new Settings(atOnce, interval, shutdown, hostname, jobs, undeliveredAge);
        }
    }

    private volatile Settings settings;
    private final Journal journal;
    private final JobEvents events;
    private final DiskFloor floor;
    private final Slots slots;
    private final JobRun.Context context;
    private final Ticker ticker;
    // The lock of the next six.
    private final Object asking = new Object();
    private final Map<Entry, Served> served = new LinkedHashMap<>();
    // What every runner had last, also those that are gone: their jobs may run on.
    private final Map<Entry, Known> known = new HashMap<>();
    private final List<Poller> retired = new ArrayList<>();
    // By short token, as directories of builds are.
    private final Map<String, ConcurrentIds> ids = new HashMap<>();
    // Jobs of earlier processes whose runner is not there.
    private final List<Journal.Leftover> leftovers = new ArrayList<>();
    private boolean draining;
    private final Set<JobRun> running = ConcurrentHashMap.newKeySet();
    private final Object idle = new Object();
    private final AtomicInteger accepted = new AtomicInteger();
    private volatile String stopping = "";
    private volatile Duration lastJob;
    private final AtomicReference<Duration> tidied;

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
        this(
                settings,
                journal,
                limits,
                upload,
                clock,
                ticker,
                JobEvents.NONE,
                new DiskFloor(0, JobEvents.NONE));
    }

    /**
     * A manager that has not started.
     *
     * @param upload how often it sends logs
     * @param events hears what happens
     * @param floor keeps it from asking for jobs while disks are too full
     */
    public Manager(
            Settings settings,
            Journal journal,
            EngineLimits limits,
            UploadSettings upload,
            InstantSource clock,
            Ticker ticker,
            JobEvents events,
            DiskFloor floor) {
        this.settings = settings;
        this.journal = journal;
        this.events = events;
        this.floor = floor;
        this.ticker = ticker;
        lastJob = ticker.now();
        tidied = new AtomicReference<>(lastJob.minus(TIDY_INTERVAL));
        slots = new Slots(settings.concurrent());
        context = new JobRun.Context(settings.hostname(), limits, upload, clock, ticker, events);
    }

    /**
     * What makes an entry of a changed configuration the same runner as before. The number is for
     * entries that stand twice.
     */
    private record Entry(String url, Secret token, int number) {
        static Map<Entry, ConfiguredRunner> all(List<ConfiguredRunner> runners) {
            Map<Entry, ConfiguredRunner> all = new LinkedHashMap<>();
            for (ConfiguredRunner runner : runners) {
                int number = 0;
                Entry entry;
                do {
                    entry = new Entry(runner.config().url(), runner.config().token(), number++);
                } while (all.containsKey(entry));
                all.put(entry, runner);
            }
            return all;
        }
    }

    /** A runner that is asked for. */
    private record Served(Poller poller, Slots.Share share) {}

    /** A runner with its places, which its jobs keep over a change of the configuration. */
    private record Known(ConfiguredRunner runner, Slots.Share share) {}

    /**
     * Takes up the jobs that an earlier process has left, and begins to ask for the jobs of these
     * runners, spread over the check interval. Called once.
     */
    public void start(List<ConfiguredRunner> runners) throws IOException {
        tidy();
        List<Journal.Leftover> found = journal.leftovers();
        if (!found.isEmpty()) {
            LOG.info("jobs_found count={} reason=\"left by an earlier process\"", found.size());
        }
        synchronized (asking) {
            leftovers.addAll(found);
        }
        reload(
                settings.concurrent(),
                settings.checkInterval(),
                settings.shutdownTimeout(),
                runners);
    }

    /**
     * Goes on with another configuration: other limits, runners that are new, gone or changed. Jobs
     * that run, and those that a request under way brings, keep what they began with. A runner that
     * was left alone because GitLab refused it is asked for again.
     *
     * @param concurrent jobs at once, over all runners
     * @param checkInterval between two requests of a runner that got nothing
     * @param shutdownTimeout how long {@link #stop} leaves running jobs to report
     * @param runners all runners from now on; one that is known by its URL and token goes on
     */
    public void reload(
            int concurrent,
            Duration checkInterval,
            Duration shutdownTimeout,
            List<ConfiguredRunner> runners) {
        synchronized (asking) {
            settings = settings.with(concurrent, checkInterval, shutdownTimeout);
            retired.removeIf(Poller::isOver);
            if (draining) {
                slots.resize(concurrent);
                return;
            }
            Map<Entry, ConfiguredRunner> wanted = Entry.all(runners);
            served.entrySet()
                    .removeIf(entry -> {
                        boolean gone = !wanted.containsKey(entry.getKey());
                        if (gone) {
                            entry.getValue().poller().retire();
                            retired.add(entry.getValue().poller());
                        }
                        return gone;
                    });
            // Not before: a runner that goes must not get a place that has just been added.
            slots.resize(concurrent);
            Duration step = checkInterval.dividedBy(Math.max(1, wanted.size()));
            List<Poller> added = new ArrayList<>();
            wanted.forEach((entry, runner) ->
                    serve(entry, runner, places(entry, runner, wanted.keySet()), added));
            // Before anything new comes, so that they keep their places and numbers.
            takeUp(wanted);
            int before = served.size() - added.size();
            for (int index = 0; index < added.size(); index++) {
                added.get(index).start(step.multipliedBy(before + index));
            }
            events.serves(runners.stream().map(JobTelling::facts).toList(), concurrent);
            List<ConfiguredRunner> now = List.copyOf(runners);
            events.boards(() -> lanes(now));
        }
    }

    private static Map<String, List<LaneView>> lanes(List<ConfiguredRunner> runners) {
        Map<String, List<LaneView>> lanes = new HashMap<>();
        runners.forEach(runner -> lanes.put(runner.shortName(), runner.lanes().view()));
        return lanes;
    }

    /** Removes logs that have lain long enough; a job's end is a good time to look. */
    private void tidy() {
        Duration now = ticker.now();
        Duration before = tidied.get();
        if (now.minus(before).compareTo(TIDY_INTERVAL) < 0 || !tidied.compareAndSet(before, now)) {
            return;
        }
        try {
            journal.removeUndelivered(context.clock().instant().minus(settings.undeliveredAge()));
        } catch (IOException e) {
            LOG.warn(
                    "undelivered_not_removed directory={} error=\"{}\"",
                    journal.root(),
                    e.toString());
        }
    }

    private void takeUp(Map<Entry, ConfiguredRunner> wanted) {
        leftovers.removeIf(leftover -> {
            Optional<Map.Entry<Entry, ConfiguredRunner>> owner =
                    ownerOf(leftover.record().settings(), wanted);
            Served asked = owner.isEmpty() ? null : served.get(owner.get().getKey());
            if (owner.isEmpty() || asked == null) {
                LOG.error(
                        "job_not_taken_up job={} runner={} url={} directory={} reason=\"no runner of the configuration has this name and URL\" hint=\"put it back\"",
                        leftover.payload().id(),
                        leftover.record().settings().name(),
                        leftover.record().settings().url(),
                        leftover.directory());
                return false;
            }
            ConcurrentIds numbers = numbers(leftover.record().settings().shortToken());
            JobRun run = new JobRun(owner.get().getValue(), leftover, numbers, journal, context);
            Slots.Slot slot = slots.takeUp(asked.share());
            if (leftover.record().waits()) {
                slot.keep(owner.get().getValue().lanes().reserveBeyond());
            }
            begin(run, slot, asked.poller());
            return true;
        });
    }

    /** By the token that the runner had then, or by its name if it has another one now. */
    private static Optional<Map.Entry<Entry, ConfiguredRunner>> ownerOf(
            RunnerSettings settings, Map<Entry, ConfiguredRunner> wanted) {
        return wanted.entrySet().stream()
                .filter(entry -> entry.getValue().shortName().equals(settings.shortToken()))
                .findFirst()
                .or(() ->
                        wanted.entrySet().stream()
                                .filter(entry ->
                                        entry.getKey().url().equals(settings.url())
                                                && entry.getValue()
                                                        .config()
                                                        .name()
                                                        .equals(settings.name()))
                                .findFirst());
    }

    private void serve(
            Entry entry, ConfiguredRunner runner, Slots.Share share, List<Poller> added) {
        slots.resize(share, runner.config().limit());
        Served asked = served.get(entry);
        if (asked == null) {
            Poller poller = poller(terms(runner), share);
            added.add(poller);
            served.put(entry, new Served(poller, share));
        } else {
            asked.poller().change(terms(runner));
        }
    }

    /**
     * The places of a runner of the new configuration. They are those that it had, by its token or,
     * if that is another one now, by its name: jobs that run there still count.
     */
    private Slots.Share places(Entry entry, ConfiguredRunner runner, Set<Entry> wanted) {
        Optional<Known> before = Optional.ofNullable(known.remove(entry));
        if (before.isEmpty()) {
            Optional<Entry> renewed =
                    known.entrySet().stream()
                            .filter(each ->
                                    !wanted.contains(each.getKey())
                                            && each.getKey().url().equals(entry.url())
                                            && each.getValue()
                                                    .runner()
                                                    .config()
                                                    .name()
                                                    .equals(runner.config().name()))
                            .map(Map.Entry::getKey)
                            .findFirst();
            before = renewed.map(known::remove);
        }
        before.map(Known::runner)
                .map(ConfiguredRunner::lanes)
                .filter(lanes -> lanes != runner.lanes())
                .ifPresent(runner.lanes()::follow);
        Slots.Share share =
                before.map(Known::share).orElseGet(() -> new Slots.Share(runner.config().limit()));
        known.put(entry, new Known(runner, share));
        return share;
    }

    private List<Path> disks(ConfiguredRunner runner) {
        List<Path> disks = new ArrayList<>(runner.lanes().buildsRoots());
        disks.add(journal.root());
        return disks;
    }

    private Poller.Terms terms(ConfiguredRunner runner) {
        boolean adaptive =
                runner.config()
                        .featureFlags()
                        .getOrDefault("FF_USE_ADAPTIVE_REQUEST_CONCURRENCY", true);
        RequestConcurrency concurrency =
                new RequestConcurrency(runner.config().requestConcurrency(), adaptive);
        return new Poller.Terms(
                runner.withSource(
                        new ToldSource(
                                runner.source(),
                                runner.shortName(),
                                concurrency,
                                floor,
                                disks(runner),
                                events)),
                new RunnerHealth(
                        runner.config().unhealthyRequestsLimit(),
                        runner.config().unhealthyInterval(),
                        ticker),
                concurrency,
                settings.checkInterval(),
                () -> events.notAsked(runner.shortName()));
    }

    private Poller poller(Poller.Terms terms, Slots.Share share) {
        ConcurrentIds numbers = numbers(terms.runner().shortName());
        Poller[] self = new Poller[1];
        self[0] =
                new Poller(
                        terms,
                        slots,
                        share,
                        (runner, job, slot) -> {
                            if (accepted.incrementAndGet() == settings.jobs()) {
                                Thread.ofVirtual().name("manager-drain").start(this::drain);
                            }
                            begin(
                                    new JobRun(runner, job, numbers, journal, context),
                                    slot,
                                    self[0]);
                        });
        return self[0];
    }

    private ConcurrentIds numbers(String shortToken) {
        return ids.computeIfAbsent(shortToken, _ -> new ConcurrentIds());
    }

    private void begin(JobRun run, Slots.Slot slot, Poller poller) {
        running.add(run);
        lastJob = ticker.now();
        String signal = stopping;
        if (!signal.isEmpty()) {
            // It was on its way when we were told to stop: it is reported as interrupted at once.
            run.stop(signal);
        }
        Thread.ofVirtual()
                .name("job-" + run.payload().id())
                .start(() -> {
                    try (slot) {
                        run.run(slot.reservation());
                    } finally {
                        running.remove(run);
                        lastJob = ticker.now();
                        synchronized (idle) {
                            idle.notifyAll();
                        }
                    }
                    poller.jobEnded();
                    tidy();
                });
    }

    /** How many jobs run. */
    public int running() {
        return running.size();
    }

    /** How many jobs were accepted so far. */
    public int accepted() {
        return accepted.get();
    }

    /** For how long no job has begun, run or ended. */
    public Duration idle() {
        return running.isEmpty() ? ticker.now().minus(lastJob) : Duration.ZERO;
    }

    /** Has nobody ask any more; returns at once. */
    private void retireAll() {
        synchronized (asking) {
            served.values().forEach(each -> each.poller().retire());
        }
    }

    /** Asks for no more jobs; those that run go on. */
    public void drain() {
        List<Poller> all;
        synchronized (asking) {
            draining = true;
            all =
                    Stream.concat(
                                    served.values().stream().map(Served::poller),
                                    retired.stream().filter(poller -> !poller.isOver()))
                            .toList();
            served.clear();
            retired.clear();
        }
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
        // First: the end of a job makes room, and no other one is to be asked for.
        retireAll();
        running.forEach(run -> run.stop(signal));
        drain();
        return awaitIdle(settings.shutdownTimeout());
    }

    /**
     * Makes ready for another process to take up all jobs: asks for no more, and sees to it that
     * the last one is on the disk. The jobs go on; this process may end now, in whatever way.
     *
     * @return whether all are on the disk
     */
    public boolean handOver() throws InterruptedException {
        drain();
        long end = System.nanoTime() + WRITING.toNanos();
        while (!running.stream().allMatch(JobRun::isWritten)) {
            if (System.nanoTime() > end) {
                return false;
            }
            Thread.sleep(WRITING_LOOK);
        }
        return true;
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
