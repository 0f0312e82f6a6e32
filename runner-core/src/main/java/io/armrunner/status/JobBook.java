package io.armrunner.status;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jobs that run and the last hundred that ended, in memory and in the state directory.
 *
 * <p>A job's thread only notes what happened; a thread of the book writes the file of what runs, at
 * most once a second. The history's file gets a line at each job's end. A state directory that
 * can't be written costs the operator the view and no job anything: it is said once.
 */
public final class JobBook implements JobEvents, AutoCloseable {
    /** What runs now, for whoever looks from another process. */
    static final String RUNNING = "running.json";

    static final String HISTORY = "history.jsonl";
    static final String LOGS = "logs";

    private static final Logger LOG = LoggerFactory.getLogger(JobBook.class);

    /** Often enough for a person, seldom enough for a memory card. */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    /** Old logs go within this time of an idle service. */
    private static final Duration HOUSEKEEPING = Duration.ofHours(1);

    private final Path state;
    private final InstantSource clock;
    private final History history;
    private final KeptLogs logs;
    private final Supplier<ObjectNode> heading;
    private final Map<JobKey, Running> running = new ConcurrentHashMap<>();
    private final Thread writer;
    private final Object lock = new Object();
    private boolean changed = true;
    private boolean closed;
    private boolean unwritable;

    /** A running job; its thread writes it, anybody reads it. */
    static final class Running {
        private final JobFacts facts;
        private volatile Path trace;
        private final AtomicReference<@Nullable Instant> script = new AtomicReference<>();
        private volatile String doing = "accepted";

        Running(JobFacts facts, Path trace) {
            this.facts = facts;
            this.trace = trace;
        }

        JobFacts facts() {
            return facts;
        }

        String doing() {
            return doing;
        }

        Path trace() {
            return trace;
        }
    }

    private JobBook(
            Path state,
            InstantSource clock,
            History history,
            KeptLogs logs,
            Supplier<ObjectNode> heading) {
        this.state = state;
        this.clock = clock;
        this.history = history;
        this.logs = logs;
        this.heading = heading;
        writer = Thread.ofVirtual().name("status-books").unstarted(this::write);
    }

    /**
     * Opens the books of a state directory, which is made if need be.
     *
     * @param kept what is kept of the logs of ended jobs
     * @param heading what else stands in the file of what runs
     */
    static JobBook open(
            Path state, Operations.Kept kept, InstantSource clock, Supplier<ObjectNode> heading)
            throws IOException {
        KeptLogs logs = KeptLogs.open(state.resolve(LOGS), kept, clock);
        JobBook book =
                new JobBook(state, clock, History.open(state.resolve(HISTORY)), logs, heading);
        book.writer.start();
        return book;
    }

    @Override
    public void accepted(JobFacts job, Path directory) {
        running.put(job.key(), new Running(job, directory.resolve("trace")));
        touch();
    }

    @Override
    public void stage(JobKey job, String stage) {
        Running known = running.get(job);
        if (known != null) {
            known.doing = stage;
            if (isScript(stage)) {
                known.script.compareAndSet(null, clock.instant());
            }
            touch();
        }
    }

    static boolean isScript(String stage) {
        return stage.startsWith("step_");
    }

    @Override
    public void moved(JobKey job, Path directory) {
        Running known = running.get(job);
        if (known != null) {
            known.trace = directory.resolve("trace");
            touch();
        }
    }

    @Override
    public void ended(JobKey job, JobEnd end) {
        Running known = running.get(job);
        if (known == null) {
            return;
        }
        try {
            if (end.delivered()) {
                keepLog(known);
            }
            history.add(record(known, "", Optional.of(end), known.trace));
        } catch (IOException e) {
            say(e);
        }
        running.remove(job);
        touch();
    }

    /** Who asks for the log while it is moved waits until it is where it stays. */
    private void keepLog(Running job) throws IOException {
        synchronized (job) {
            if (Files.exists(job.trace)) {
                job.trace = logs.keep(job.facts.key(), job.trace);
            }
        }
    }

    private JobRecord record(Running job, String doing, Optional<JobEnd> end, Path log) {
        return JobRecord.of(
                job.facts,
                Optional.ofNullable(job.script.get()),
                doing,
                end,
                log.startsWith(state) ? state.relativize(log).toString() : log.toString());
    }

    /** A running job. */
    Optional<Running> find(JobKey job) {
        return Optional.ofNullable(running.get(job));
    }

    /** All running jobs, for counting. */
    Iterable<Running> all() {
        return running.values();
    }

    /** How many jobs run. */
    int count() {
        return running.size();
    }

    /** What runs, the longest first. */
    public List<JobRecord> running() {
        List<JobRecord> all = new ArrayList<>();
        running.values()
                .forEach(job -> all.add(record(job, job.doing, Optional.empty(), job.trace)));
        all.sort(
                Comparator.comparing(JobRecord::accepted)
                        .thenComparing(job -> job.key().toString()));
        return all;
    }

    /** What ended, the latest first. */
    public List<JobRecord> ended() {
        return history.latest();
    }

    /**
     * Where the log of a job is that runs or is in the history, if it is there. A job's log moves
     * once, when the job ends: who then does not find it asks again.
     */
    public Optional<Path> log(JobKey job) {
        Running known = running.get(job);
        if (known != null) {
            synchronized (known) {
                return Optional.of(known.trace).filter(Files::exists);
            }
        }
        return ended().stream()
                .filter(each -> each.key().equals(job))
                .findFirst()
                .map(each -> state.resolve(each.log()))
                .filter(Files::exists);
    }

    /** Something that stands in the heading has changed, or a job. */
    void touch() {
        synchronized (lock) {
            changed = true;
            lock.notifyAll();
        }
    }

    private void write() {
        try {
            while (awaitChange()) {
                try {
                    writeRunning();
                    unwritable = false;
                } catch (IOException e) {
                    say(e);
                }
                pause();
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether there is something to write, and not the end. */
    private boolean awaitChange() throws InterruptedException {
        while (true) {
            synchronized (lock) {
                if (!changed && !closed) {
                    lock.wait(HOUSEKEEPING.toMillis());
                }
                if (closed) {
                    return false;
                }
                if (changed) {
                    changed = false;
                    return true;
                }
            }
            try {
                logs.removeOld();
            } catch (IOException e) {
                say(e);
            }
        }
    }

    private void pause() throws InterruptedException {
        long end = System.nanoTime() + PAUSE.toNanos();
        synchronized (lock) {
            long left = PAUSE.toMillis();
            while (!closed && left > 0) {
                lock.wait(left);
                left = (end - System.nanoTime()) / 1_000_000;
            }
        }
    }

    private void writeRunning() throws IOException {
        ObjectNode json = heading.get();
        ArrayNode jobs = json.putArray("running");
        running().forEach(job -> jobs.add(job.json()));
        Path aside = state.resolve(RUNNING + ".new");
        Files.deleteIfExists(aside);
        History.create(aside);
        Files.write(aside, Wire.bytes(json));
        Files.move(aside, state.resolve(RUNNING), StandardCopyOption.ATOMIC_MOVE);
    }

    private void say(IOException failure) {
        if (!unwritable) {
            unwritable = true;
            LOG.warn(
                    "books_unwritable directory={} error=\"{}\" hint=\"armrunner jobs and the status page miss what can't be written; jobs go on\"",
                    state,
                    failure.toString());
        }
    }

    /** Writes for the last time. */
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            lock.notifyAll();
        }
        boolean interrupted = false;
        try {
            writer.join();
        } catch (InterruptedException _) {
            interrupted = true;
        }
        try {
            writeRunning();
        } catch (IOException e) {
            say(e);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Makes a directory that nobody else may read. */
    static void createPrivate(Path directory) throws IOException {
        Files.createDirectories(
                directory,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
}
