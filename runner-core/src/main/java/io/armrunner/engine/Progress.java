package io.armrunner.engine;

import io.armrunner.process.HostBoot;
import io.armrunner.process.JobOutput;
import io.armrunner.process.OutputPipe;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.trace.JobLog;
import io.armrunner.trace.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far a job has come, in a file that outlives the process.
 *
 * <p>A job that is taken up walks its whole way again. As long as there is history, stages give the
 * result that they had, the log is muted, and the time is that of the history; where it ends, the
 * log goes on behind what was written down last, and a stage that was running then is found again.
 * What was logged after that moment was shown to nobody: the uploader sends only what {@link
 * #commit} has written down before.
 *
 * <p>One lock, the object's own: the job's thread records, the uploader's thread commits.
 */
final class Progress implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Progress.class);

    private static final String HOST_RESTARTED =
            "the host was restarted while the job ran, and the job's processes ended with it";

    /** So much output, at the most, goes through the log again after a restart. */
    private static final int LONGEST_REPLAY = 256 * 1024;

    /** Does a stage. */
    @FunctionalInterface
    interface Work {
        StageResult run() throws InterruptedException;
    }

    /** Goes on with a stage that an earlier process has begun. */
    @FunctionalInterface
    interface Again {
        /**
         * Finds the stage and follows it to its end.
         *
         * @param stopping what it is being stopped with
         * @return empty when it has to be done from its beginning
         */
        Optional<StageResult> run(Optional<StageResult> stopping) throws InterruptedException;
    }

    private final ProgressFile file;
    private final InstantSource clock;
    private final Ticker ticker;
    private final StopSignal stop;
    private final String boot;
    private final boolean hostRestarted;
    private final boolean takenUp;
    private final Optional<Outcome> outcome;
    private final int scripts;
    private List<ProgressFile.Entry> history;
    private int next;
    private long historyTime;

    private @Nullable JobLog log;
    private LongSupplier acknowledged = () -> 0;
    private OutputPipe.Position output;
    private ProgressFile.Saved committed;
    private Optional<String> handle = Optional.empty();

    /** Whether what is logged now would be logged by nobody else: a stage is at work. */
    private boolean open;

    private boolean over;
    private boolean unwritable;

    private Progress(
            ProgressFile file, InstantSource clock, Ticker ticker, StopSignal stop, String boot) {
        this.file = file;
        this.clock = clock;
        this.ticker = ticker;
        this.stop = stop;
        this.boot = boot;
        history = file.entries();
        committed = file.saved();
        output = committed.output();
        over = !history.isEmpty() && history.getLast().event() instanceof ProgressEvent.Ended;
        takenUp = !history.isEmpty() && history.getFirst().event() instanceof ProgressEvent.Begun;
        hostRestarted =
                takenUp
                        && history.getFirst().event() instanceof ProgressEvent.Begun(String then)
                        && !then.equals(boot)
                        && !then.isEmpty()
                        && !boot.isEmpty();
        outcome =
                takenUp && history.getLast().event() instanceof ProgressEvent.Ended(Outcome ended)
                        ? Optional.of(ended)
                        : Optional.empty();
        scripts =
                history.stream()
                        .mapToInt(entry ->
                                entry.event() instanceof ProgressEvent.StageBegun begun
                                        ? begun.number()
                                        : 0)
                        .max()
                        .orElse(0);
        if (takenUp) {
            historyTime = history.getFirst().at();
            next = 1;
        }
    }

    /** Opens the progress of the job in a directory, be there any or not. */
    static Progress open(Path directory, InstantSource clock, Ticker ticker, StopSignal stop)
            throws IOException {
        return new Progress(ProgressFile.open(directory), clock, ticker, stop, HostBoot.id());
    }

    /** Whether an earlier process has begun the job. */
    boolean isTakenUp() {
        return takenUp;
    }

    /** How the job ended, if all that is left is to tell GitLab. */
    Optional<Outcome> outcome() {
        return outcome;
    }

    /** Where an earlier process has left the job, in words for the operator. */
    String summary() {
        String where =
                switch (history.isEmpty()
                        ? new ProgressEvent.Begun("")
                        : history.getLast().event()) {
                    case ProgressEvent.Begun _ -> "begun";
                    case ProgressEvent.StageBegun(String stage, int _) -> "in " + stage;
                    case ProgressEvent.StageStopping _ -> "while a stage was stopped";
                    case ProgressEvent.StageEnded ended -> "after " + ended.stage();
                    case ProgressEvent.Paused _ -> "between two tries";
                    case ProgressEvent.Mark _ -> "running";
                    case ProgressEvent.Ended _ -> "ended, not reported";
                };
        return hostRestarted ? where + ", the host was restarted since" : where;
    }

    /** What was written down last. */
    synchronized ProgressFile.Saved saved() {
        return committed;
    }

    /** The job begins. */
    void begin() {
        record(new ProgressEvent.Begun(boot));
    }

    /**
     * From here on each record has the state of this log; muted, it stays so while there is
     * history.
     */
    synchronized void follow(JobLog jobLog) {
        log = jobLog;
        unmuteAtTheEnd();
    }

    /** Asks how much of the log GitLab has. */
    synchronized void acknowledgedBy(LongSupplier uploader) {
        acknowledged = uploader;
    }

    /** The job is over but for its delivery; the log is complete. */
    void end(Outcome how) {
        record(new ProgressEvent.Ended(how));
    }

    // ---- time

    /** The time, or the time of the history, on the ticker's scale. */
    synchronized Duration now() {
        if (!hasHistory()) {
            return ticker.now();
        }
        return ticker.now().minusMillis(Math.max(0, clock.millis() - historyTime));
    }

    /** A moment some time after now. */
    Deadline in(Duration time) {
        return new Deadline(now().plus(time));
    }

    // ---- stages

    /** Whether the earlier process has come further than this one. */
    synchronized boolean hasHistory() {
        return next < history.size();
    }

    /** Of the environment that an earlier process has prepared, if it came so far. */
    synchronized Optional<String> handle() {
        return handle;
    }

    /** The number of the last script in the history. */
    int scripts() {
        return scripts;
    }

    /**
     * Does a stage that is a script.
     *
     * @param started how many were started so far
     */
    StageResult script(String stage, IntSupplier started, Work work, Again again)
            throws InterruptedException {
        return stage(stage, Optional.of(started), work, again, Optional.empty());
    }

    /** Does a stage that is the runner's own work. */
    StageResult work(String stage, Work work, Again again) throws InterruptedException {
        return stage(stage, Optional.empty(), work, again, Optional.empty());
    }

    /** Does the stage that prepares the environment, which has a handle then. */
    StageResult preparation(String stage, Work work, Supplier<String> environment)
            throws InterruptedException {
        return stage(
                stage, Optional.empty(), work, _ -> Optional.empty(), Optional.of(environment));
    }

    private StageResult stage(
            String stage,
            Optional<IntSupplier> script,
            Work work,
            Again again,
            Optional<Supplier<String>> environment)
            throws InterruptedException {
        boolean begun = false;
        Optional<StageResult> stopping = Optional.empty();
        while (hasHistory()) {
            ProgressEvent event = consume();
            if (event instanceof ProgressEvent.StageBegun(String name, int _)
                    && name.equals(stage)) {
                begun = true;
            } else if (begun
                    && event
                            instanceof ProgressEvent.StageStopping(StageResult result, var cause)) {
                raise(result, cause);
                stopping = Optional.of(result);
            } else if (begun
                    && event instanceof ProgressEvent.StageEnded ended
                    && ended.stage().equals(stage)) {
                raise(ended.result(), ended.cause());
                if (environment.isPresent()) {
                    handle = ended.handle();
                }
                return ended.result();
            } else {
                forgetHistory();
                return lost(
                        "the runner was replaced by one that does not understand what was done so far (at %s it found %s)"
                                .formatted(stage, event.getClass().getSimpleName()));
            }
        }
        Optional<StageResult> found = Optional.empty();
        if (begun) {
            opened();
            // A script may have ended by itself before the host did.
            if (script.isPresent() || !hostRestarted) {
                found = again.run(stopping);
            }
        }
        boolean gone = found.isEmpty() || found.get() instanceof StageResult.Lost;
        if (gone && hostRestarted) {
            found = Optional.of(lost(HOST_RESTARTED));
        }
        if (found.isEmpty()) {
            int number = script.map(started -> started.getAsInt() + 1).orElse(0);
            record(new ProgressEvent.StageBegun(stage, number));
            found = Optional.of(work.run());
        }
        StageResult result = found.get();
        Optional<String> prepared =
                result instanceof StageResult.Passed
                        ? environment.map(Supplier::get)
                        : Optional.empty();
        record(new ProgressEvent.StageEnded(stage, result, stop.cause(), prepared));
        return result;
    }

    private static StageResult.Lost lost(String why) {
        return new StageResult.Lost(new JobFailure(FailureReason.RUNNER_SYSTEM_FAILURE, why));
    }

    /** The processes of the stage are told to end. */
    void stopping(StageResult result) {
        record(new ProgressEvent.StageStopping(result, stop.cause()));
    }

    /** Waits between two tries of a stage, once in the life of the job. */
    void pause(Duration time) throws InterruptedException {
        if (hasHistory() && peek() instanceof ProgressEvent.Paused) {
            consume();
            return;
        }
        record(new ProgressEvent.Paused());
        stop.pause(time);
    }

    private void raise(StageResult result, StopSignal.@Nullable Cause cause) {
        if (cause != null) {
            stop.abort(cause);
        } else if (result instanceof StageResult.Cancelled) {
            stop.cancel();
        }
    }

    private synchronized void opened() {
        open = true;
    }

    private synchronized ProgressEvent peek() {
        return history.get(next).event();
    }

    private synchronized ProgressEvent consume() {
        ProgressFile.Entry entry = history.get(next++);
        historyTime = entry.at();
        unmuteAtTheEnd();
        return entry.event();
    }

    /** What is left of it can't be followed, or need not be. */
    synchronized void forgetHistory() {
        next = history.size();
        unmuteAtTheEnd();
    }

    private void unmuteAtTheEnd() {
        if (!hasHistory()) {
            history = List.of();
            next = 0;
            if (log != null) {
                log.unmute();
            }
        }
    }

    // ---- log and output

    /** Where a script's output goes. */
    JobOutput output() {
        return new JobOutput() {
            @Override
            public void write(byte[] bytes, int offset, int length) {
                take(bytes, offset, length, output);
            }

            @Override
            public void write(byte[] bytes, int offset, int length, OutputPipe.Position after) {
                take(bytes, offset, length, after);
            }
        };
    }

    private synchronized void take(
            byte[] bytes, int offset, int length, OutputPipe.Position after) {
        if (log != null) {
            log.jobOutput(bytes, offset, length);
        }
        output = after;
        if (output.consumed() - committed.output().consumed() > LONGEST_REPLAY) {
            commit();
        }
    }

    /** The output before this place is in the log for good. */
    synchronized OutputPipe.Position settled() {
        if (output.segment() > committed.output().segment()) {
            commit();
        }
        return committed.output();
    }

    /** Whether the job is over but for its delivery: all of the log may be sent. */
    synchronized boolean isOver() {
        return over;
    }

    /**
     * Writes down how far the log is. Any thread.
     *
     * @return how many bytes GitLab may get: those that are there for good
     */
    synchronized long commit() {
        if (open) {
            ProgressFile.Saved now = state();
            boolean grown = now.log().size() > committed.log().size();
            if (grown || now.output().consumed() > committed.output().consumed()) {
                write(new ProgressEvent.Mark(), now);
            }
        }
        return committed.log().size();
    }

    private synchronized void record(ProgressEvent event) {
        write(event, state());
        open =
                event instanceof ProgressEvent.StageBegun
                        || event instanceof ProgressEvent.StageStopping;
        over = event instanceof ProgressEvent.Ended;
    }

    private void write(ProgressEvent event, ProgressFile.Saved now) {
        committed = now;
        if (unwritable) {
            return;
        }
        try {
            file.append(clock.millis(), event, now);
        } catch (IOException e) {
            // The disk is full, most likely, and the log will not fit either: the job ends by that,
            // and GitLab must hear of it all the same.
            unwritable = true;
            LOG.error(
                    "progress_not_written error=\"{}\" hint=\"is the disk full? The job goes on, but not over a restart\"",
                    e.toString());
        }
    }

    private ProgressFile.Saved state() {
        JobLog.Snapshot snapshot = log == null ? committed.log() : log.snapshot();
        return new ProgressFile.Saved(snapshot, output, acknowledged.getAsLong());
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
