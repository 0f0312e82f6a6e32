package io.armrunner.trace;

import io.armrunner.protocol.JobReports;
import io.armrunner.protocol.JobStatus;
import io.armrunner.protocol.JobUpdate;
import io.armrunner.protocol.PatchReply;
import io.armrunner.protocol.UpdateReply;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a {@link TraceLog} to GitLab, at last with the job's final state (runner-protocol
 * §4.4–§4.6, §5.3, §5.4).
 *
 * <p>{@link #run} is the loop beside the job, on a virtual thread of its own; {@link #finish} is
 * called once on the job's thread, waits for the loop to leave, and sends the rest. So there is one
 * call to {@link JobReports} at a time: who calls holds {@code calling}, which guards the position
 * too.
 *
 * <p>First output is sent {@code firstDelay} after it appears, later output every interval. After
 * an abort nothing is sent. No patch is empty.
 */
public final class TraceUploader {
    /**
     * What GitLab asks for in its replies. Called on the uploader's thread, so it must be short.
     */
    public interface Requests {
        /** The user cancelled the job. At most once. */
        void cancel();

        /** The job is over for GitLab: everything stops. At most once. */
        void abort();
    }

    /**
     * How far a log is, for a job that may be taken up by another process.
     *
     * @param commit makes the log durable and says how many bytes of it are: no more are sent, or
     *     that process would have a log that differs from GitLab's
     * @param acknowledged the bytes that GitLab is thought to have; if it has others, its 416 says
     *     so
     * @param takenUp whether another process has begun with it: GitLab is asked at once what became
     *     of the job
     */
    public record Base(LongSupplier commit, long acknowledged, boolean takenUp) {}

    /** How the final update ended. */
    public enum Delivery {
        /** GitLab has log and state. */
        DELIVERED,
        /** GitLab says that the job is over or not known: there is nothing to deliver to. */
        OVER,
        /** GitLab did not take it in time. The log is still in its file. */
        GIVEN_UP
    }

    private enum Sent {
        ALL,
        MOVED,
        NOT_FOUND,
        FAILED,
        ABORTED
    }

    /** How many first delays a log waits in which nothing but the runner has written yet. */
    private static final int OPENING_DELAYS = 4;

    private static final Logger LOG = LoggerFactory.getLogger(TraceUploader.class);

    /** Between two rounds that GitLab has answered with a refusal. */
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

    /**
     * Between two tries while GitLab is down: who waits for a result is not made to wait for longer
     * than this once it is back.
     */
    private static final Duration LONGEST_SILENCE = Duration.ofSeconds(30);

    /** A proxy that calls a patch too large gets smaller ones, down to this size. */
    private static final int SMALLEST_PATCH = 1024;

    /**
     * Replies that send the log back and forth without bringing it further end a round, or it would
     * never end.
     */
    private static final int MOST_MOVES = 20;

    /**
     * GitLab ends its 202 after 5 minutes by itself; longer than this it is broken, and the round
     * has failed.
     */
    private static final Duration LONGEST_ACCEPTANCE = Duration.ofMinutes(30);

    private final TraceLog trace;
    private final JobReports reports;
    private final Requests requests;
    private final UploadSettings settings;
    private final Ticker ticker;
    private final Base base;

    private final ReentrantLock calling = new ReentrantLock();
    private final Bell bell = new Bell();
    private final AtomicReference<Optional<Delivery>> delivery =
            new AtomicReference<>(Optional.empty());

    /** Written by the job's thread, read by the loop. */
    private volatile boolean ending;

    /** Whether an append must wake the loop. */
    private volatile boolean watching;

    /** Whether the next append is sent soon, and not at the next tick. */
    private volatile boolean prompt = true;

    // The runner's own first lines can wait a little longer than what the user's script prints.
    private volatile boolean patient;

    private Duration interval;
    private Optional<Duration> lastSent = Optional.empty();

    /** Written under {@code calling}, read by any thread. */
    private volatile long offset;

    private int patchLimit = JobReports.MAX_PATCH_BYTES;
    private byte[] buffer = new byte[0];
    private boolean cancelled;

    /** Whether GitLab was not there for the last call. */
    private boolean down;

    private boolean aborted;

    /** An uploader of a log of which GitLab has nothing yet. */
    public TraceUploader(
            TraceLog trace,
            JobReports reports,
            Requests requests,
            UploadSettings settings,
            Ticker ticker) {
        this(trace, reports, requests, settings, ticker, new Base(trace::size, 0, false));
    }

    /** An uploader of a log that outlives the process. */
    public TraceUploader(
            TraceLog trace,
            JobReports reports,
            Requests requests,
            UploadSettings settings,
            Ticker ticker,
            Base base) {
        this.trace = trace;
        this.reports = reports;
        this.requests = requests;
        this.settings = settings;
        this.ticker = ticker;
        interval = settings.interval();
        this.base = base;
        offset = base.acknowledged();
    }

    /**
     * How many bytes GitLab has, as far as is known. For the journal and the status page, from any
     * thread.
     */
    public long acknowledged() {
        return offset;
    }

    /** Sends until {@link #finish} is called or GitLab aborts the job. */
    public void run() throws InterruptedException {
        calling.lockInterruptibly();
        try {
            watching = true;
            trace.onGrowth(this::grown);
            loop();
        } finally {
            watching = false;
            buffer = new byte[0];
            calling.unlock();
        }
    }

    /**
     * Lets the log's first lines wait four times as long, until {@link #prompt}: they are the
     * runner's own, and a short job is over by then and needs one call less. Before {@link #run}.
     */
    public void expectScript() {
        patient = true;
    }

    /**
     * Lets the next output be sent as soon as the log's first: somebody may be waiting for it. For
     * the beginning of the user's script. Any thread.
     */
    public void prompt() {
        patient = false;
        prompt = true;
        watching = true;
        bell.ring();
    }

    /**
     * Lets {@link #run} return after the call at hand: the job's code has ended. {@link #finish}
     * does this too.
     */
    public void end() {
        ending = true;
        bell.ring();
    }

    private void grown() {
        if (watching) {
            bell.ring();
        }
    }

    private void loop() throws InterruptedException {
        Duration nextTick = ticker.now().plus(base.takenUp() ? Duration.ZERO : interval);
        while (!ending && !aborted) {
            Duration due = nextTick;
            if (prompt) {
                // Before the look at the log: what comes after that must wake this loop, also when
                // it was prompted while it took the first output into account.
                watching = true;
            }
            if (prompt && trace.size() > offset) {
                // From here on the tick says when to send, not the log.
                prompt = false;
                watching = false;
                Duration delay =
                        patient
                                ? settings.firstDelay().multipliedBy(OPENING_DELAYS)
                                : settings.firstDelay();
                Duration soon = ticker.now().plus(delay);
                due = soon.compareTo(nextTick) < 0 ? soon : nextTick;
                nextTick = due;
            }
            Duration left = due.minus(ticker.now());
            if (left.isPositive()) {
                ticker.await(bell, left);
                continue;
            }
            down = false;
            tick();
            // Bytes of a burst are not kept until the next one.
            buffer = new byte[0];
            nextTick = ticker.now().plus(down ? shorter(interval, LONGEST_SILENCE) : interval);
        }
    }

    private void tick() throws InterruptedException {
        Sent sent = patch();
        boolean silent =
                lastSent.isEmpty()
                        || ticker.now().minus(lastSent.get()).compareTo(settings.keepAlive()) > 0;
        if (sent == Sent.ALL && silent) {
            keepAlive();
        }
    }

    private void keepAlive() throws InterruptedException {
        UpdateReply reply;
        try {
            reply = reports.update(new JobUpdate.KeepAlive(trace.state()));
        } catch (IOException failure) {
            LOG.warn("keep_alive_failed log={} error={}", trace.path(), failure.toString());
            down = true;
            return;
        }
        heed(reply.status(), reply.interval());
        switch (reply) {
            case UpdateReply.Abort _ -> abort();
            case UpdateReply.Done _, UpdateReply.AcceptedNotCompleted _ ->
                    lastSent = Optional.of(ticker.now());
            case UpdateReply.TraceValidationFailed _, UpdateReply.Failed _ ->
                    LOG.warn("keep_alive_failed log={} reply={}", trace.path(), reply);
        }
    }

    /**
     * Sends the next patch, if there is any new byte. {@link Sent#ALL} says that nothing went
     * wrong.
     */
    private Sent patch() throws InterruptedException {
        PatchReply reply;
        long start = offset;
        int length;
        try {
            length = fill();
            if (length == 0) {
                return Sent.ALL;
            }
            reply = reports.patch(start, buffer, length);
        } catch (IOException failure) {
            LOG.warn(
                    "patch_failed log={} offset={} error={}",
                    trace.path(),
                    offset,
                    failure.toString());
            down = true;
            return Sent.FAILED;
        }
        heed(reply.status(), reply.interval());
        return switch (reply) {
            case PatchReply.Accepted _ -> {
                offset = start + length;
                lastSent = Optional.of(ticker.now());
                yield Sent.ALL;
            }
            case PatchReply.RangeMismatch mismatch -> {
                // May go back: a lost log is sent again. May go ahead: the reply was lost, not the
                // patch.
                LOG.info(
                        "patch_moved log={} from={} to={}",
                        trace.path(),
                        offset,
                        mismatch.length());
                offset = mismatch.length();
                lastSent = Optional.of(ticker.now());
                yield Sent.MOVED;
            }
            case PatchReply.NotFound _ -> Sent.NOT_FOUND;
            case PatchReply.Abort _ -> {
                abort();
                yield Sent.ABORTED;
            }
            case PatchReply.Failed failed -> {
                LOG.warn(
                        "patch_failed log={} offset={} status={}",
                        trace.path(),
                        offset,
                        failed.httpStatus());
                down = isDown(failed.httpStatus());
                if (failed.httpStatus() == 413) {
                    patchLimit = Math.max(SMALLEST_PATCH, length / 2);
                }
                yield Sent.FAILED;
            }
        };
    }

    /**
     * The buffer is as large as what is pending: many jobs with small logs run beside each other.
     */
    private int fill() throws IOException {
        int pending = (int) Math.min(patchLimit, Math.max(0, base.commit().getAsLong() - offset));
        if (buffer.length < pending || buffer.length > patchLimit) {
            buffer = new byte[pending];
        }
        return pending == 0 ? 0 : Math.min(pending, trace.read(offset, buffer));
    }

    private void heed(JobStatus status, Optional<Duration> asked) {
        interval = asked.orElse(interval);
        if (status == JobStatus.CANCELING && !cancelled) {
            cancelled = true;
            requests.cancel();
        }
    }

    private void abort() {
        if (!aborted) {
            aborted = true;
            requests.abort();
        }
    }

    /**
     * Ends the loop, sends the rest of the log and then the job's final state until GitLab has
     * both. A second call changes nothing and returns what the first did.
     *
     * @param update {@link JobUpdate.Success} or {@link JobUpdate.Failed} with the state of the
     *     closed log
     */
    public Delivery finish(JobUpdate update) throws InterruptedException {
        end();
        calling.lockInterruptibly();
        try {
            if (delivery.get().isEmpty()) {
                delivery.set(Optional.of(aborted ? Delivery.OVER : deliver(update)));
            }
            return delivery.get().get();
        } finally {
            buffer = new byte[0];
            calling.unlock();
        }
    }

    private Delivery deliver(JobUpdate update) throws InterruptedException {
        Duration deadline = ticker.now().plus(settings.finalLimit());
        Duration pause = Duration.ofSeconds(1);
        int refused = 0;
        for (int round = 1; ; round++) {
            down = false;
            Optional<Delivery> result = round(update);
            if (result.isPresent()) {
                return result.get();
            }
            // While nobody is there to take it nothing counts but the token.
            refused += down ? 0 : 1;
            Duration wait = down ? shorter(pause, LONGEST_SILENCE.minus(retryPause())) : pause;
            if (refused >= settings.finalRounds()
                    || ticker.now().plus(wait).compareTo(deadline) > 0) {
                LOG.error("final_update_given_up log={} rounds={}", trace.path(), round);
                return Delivery.GIVEN_UP;
            }
            sleep(wait);
            pause = shorter(pause.multipliedBy(2), LONGEST_PAUSE);
        }
    }

    /** Proxies before a GitLab that is down answer like this, and GitLab itself in maintenance. */
    private static boolean isDown(int status) {
        return status == 429 || status == 502 || status == 503 || status == 504;
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    /** Within a round, after a call that failed. */
    private Duration retryPause() {
        return shorter(interval, LONGEST_SILENCE.dividedBy(2));
    }

    /** One round; empty when it failed. */
    private Optional<Delivery> round(JobUpdate update) throws InterruptedException {
        interval = settings.interval();
        Duration end = ticker.now().plus(LONGEST_ACCEPTANCE);
        for (int rewinds = 0; rewinds < MOST_MOVES && ticker.now().compareTo(end) < 0; ) {
            Sent flushed = flush();
            if (flushed == Sent.FAILED) {
                return Optional.empty();
            }
            if (flushed == Sent.ABORTED) {
                return Optional.of(Delivery.OVER);
            }
            UpdateReply reply;
            try {
                reply = reports.update(update);
            } catch (IOException failure) {
                LOG.warn("final_update_failed log={} error={}", trace.path(), failure.toString());
                down = true;
                sleep(retryPause());
                return Optional.empty();
            }
            heed(reply.status(), reply.interval());
            switch (reply) {
                case UpdateReply.Done _ -> {
                    return Optional.of(Delivery.DELIVERED);
                }
                case UpdateReply.Abort over -> {
                    // "failed" is answered 200 with Job-Status: failed, and so looks like an abort.
                    return Optional.of(
                            over.httpStatus() == 200 ? Delivery.DELIVERED : Delivery.OVER);
                }
                case UpdateReply.AcceptedNotCompleted _ -> {
                    // Not counted: GitLab has it and only moves it.
                }
                case UpdateReply.TraceValidationFailed _ -> {
                    offset = 0;
                    rewinds++;
                }
                case UpdateReply.Failed failed -> {
                    LOG.warn(
                            "final_update_failed log={} status={}",
                            trace.path(),
                            failed.httpStatus());
                    down = isDown(failed.httpStatus());
                    sleep(retryPause());
                    return Optional.empty();
                }
            }
            sleep(interval);
        }
        return Optional.empty();
    }

    /** Sends all that is left, back to back. */
    private Sent flush() throws InterruptedException {
        int moves = 0;
        while (base.commit().getAsLong() > offset) {
            Sent sent = patch();
            switch (sent) {
                case ALL -> {
                    // The next one follows at once.
                }
                case MOVED -> {
                    if (++moves >= MOST_MOVES) {
                        return Sent.FAILED;
                    }
                    sleep(interval);
                }
                case FAILED -> {
                    sleep(retryPause());
                    return sent;
                }
                case NOT_FOUND, ABORTED -> {
                    return sent;
                }
            }
        }
        return Sent.ALL;
    }

    /** On a bell that nobody rings. */
    private void sleep(Duration time) throws InterruptedException {
        ticker.await(new Bell(), time);
    }
}
