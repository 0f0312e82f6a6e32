package io.armrunner.engine;

import io.armrunner.lane.RemoteEnd;
import io.armrunner.lane.RemoteJob;
import io.armrunner.lane.RemoteLane;
import io.armrunner.lane.Waiting;
import io.armrunner.plan.JobPlace;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.PlanCompiler;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.protocol.JobReports;
import io.armrunner.protocol.JobUpdate;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.JobPayload;
import io.armrunner.trace.JobLog;
import io.armrunner.trace.LogFile;
import io.armrunner.trace.Masks;
import io.armrunner.trace.OutputLimit;
import io.armrunner.trace.Ticker;
import io.armrunner.trace.TraceLog;
import io.armrunner.trace.TraceUploader;
import io.armrunner.trace.UploadSettings;
import io.armrunner.variables.FeatureFlag;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The manager's part of a job that an engine elsewhere runs: the beginning of its log until it is
 * handed over, and its end if that engine is lost. One writer at a time: after the hand-over this
 * says nothing to GitLab until the lane says that nobody else will.
 *
 * <p>{@link #run} is called once for a session; another one with the same directory goes on, in
 * this process after a wait or in a later one.
 */
public final class RemoteSession {
    private static final Logger LOG = LoggerFactory.getLogger(RemoteSession.class);

    /**
     * A patch that is on its way ends by itself as a rule; a lost one is found by the next writer.
     */
    private static final Duration LAST_PATCH = Duration.ofSeconds(2);

    /** After trouble with a job that another engine has. */
    private static final Duration AGAIN = Duration.ofSeconds(30);

    private static final OutputLimit NO_LIMIT = new OutputLimit(1L << 40);

    /**
     * What a job needs besides itself.
     *
     * @param reports the job's line to GitLab
     * @param directory the job's own directory, 0700
     * @param remark a line for the log's head; empty for none
     */
    public record Surroundings(
            JobSession.DebugReports reports,
            Path directory,
            UploadSettings upload,
            InstantSource clock,
            Ticker ticker,
            String remark) {}

    private final JobPayload payload;
    private final byte[] raw;
    private final RunnerSettings settings;
    private final JobPlace place;
    private final RemoteLane lane;
    private final Surroundings around;
    private final StopSignal stop;

    public RemoteSession(
            JobPayload payload,
            byte[] raw,
            RunnerSettings settings,
            JobPlace place,
            RemoteLane lane,
            Surroundings around,
            StopSignal stop) {
        this.payload = payload;
        this.raw = raw.clone();
        this.settings = settings;
        this.place = place;
        this.lane = lane;
        this.around = around;
        this.stop = stop;
    }

    /** How far the job has come. */
    public sealed interface Step {
        /** To its end. */
        record Ended(JobSession.Ending ending) implements Step {}

        /** This process stops before its end. */
        record Left() implements Step {}

        /** There is nothing to do before the waiting is over; then another session goes on. */
        record Parked(Waiting waiting) implements Step {}
    }

    /** Brings the job as far as it can. */
    public Step run() throws IOException, InterruptedException {
        Path file = around.directory().resolve("trace");
        // Nothing is sent before the head is whole: half of one is nothing.
        boolean resumed = Files.exists(head());
        if (!resumed) {
            Files.deleteIfExists(file);
        }
        try (TraceLog trace =
                resumed
                        ? TraceLog.reopen(file, limit(), LogFile.length(file))
                        : TraceLog.create(file, limit())) {
            JobPlan plan;
            try {
                plan = PlanCompiler.compile(payload, settings, place);
            } catch (JobFailure unusable) {
                return new Step.Ended(refuse(trace, unusable));
            }
            return run(trace, plan, resumed);
        }
    }

    private Step run(TraceLog trace, JobPlan plan, boolean resumed)
            throws IOException, InterruptedException {
        JobReports reports = around.reports().reports(plan.debugTrace());
        if (!resumed) {
            accept(reports);
        }
        if (stop.cause() instanceof StopSignal.Cause.OverForGitLab) {
            return new Step.Ended(over());
        }
        try (Writing writing = new Writing(trace, plan, reports, resumed)) {
            if (!resumed) {
                LogHeader.write(writing.log, plan, around.remark());
                Path _ = Files.createFile(head());
            }
            try {
                return ended(lane.run(writing), writing, reports);
            } catch (JobFailure failure) {
                return new Step.Ended(failed(Outcome.Failed.of(failure), writing));
            } catch (IOException | RuntimeException broken) {
                LOG.error(
                        "job_broken job={} lane={} error={}",
                        payload.id(),
                        lane.name(),
                        broken.toString(),
                        broken);
                if (writing.released) {
                    // Somebody else may have the job: what can't be seen now is seen later.
                    return new Step.Parked(job -> job.pause(AGAIN));
                }
                return new Step.Ended(
                        failed(
                                new Outcome.Failed(
                                        FailureReason.RUNNER_SYSTEM_FAILURE,
                                        String.valueOf(broken.getMessage()),
                                        0),
                                writing));
            }
        }
    }

    /** Says to a later process that the log has its head. */
    private Path head() {
        return around.directory().resolve("head");
    }

    private Step ended(RemoteEnd end, Writing writing, JobReports reports)
            throws IOException, InterruptedException {
        return switch (end) {
            case RemoteEnd.Delivered told ->
                    new Step.Ended(
                            new JobSession.Ending(
                                    outcome(told),
                                    TraceUploader.Delivery.DELIVERED,
                                    told.logBytes()));
            case RemoteEnd.Unreported(RemoteEnd.Delivered told, Path file) ->
                    new Step.Ended(reported(told, file, writing.trace.size(), reports));
            case RemoteEnd.Relayed(RemoteEnd.Delivered told) ->
                    new Step.Ended(writing.finish(told));
            case RemoteEnd.Over _ -> new Step.Ended(over());
            case RemoteEnd.Lost(JobFailure why, boolean begun) ->
                    new Step.Ended(
                            begun && !writing.relayed
                                    ? takenOver(Outcome.Failed.of(why), writing, reports)
                                    : failed(Outcome.Failed.of(why), writing));
            case RemoteEnd.Left _ -> new Step.Left();
            case RemoteEnd.Parked(Waiting waiting) -> new Step.Parked(waiting);
        };
    }

    /** Tells GitLab what the other engine could not. */
    private JobSession.Ending reported(
            RemoteEnd.Delivered told, Path file, long ours, JobReports reports)
            throws IOException, InterruptedException {
        byte[] bytes = Files.readAllBytes(file);
        Path copy = around.directory().resolve("whole");
        Files.deleteIfExists(copy);
        try (TraceLog whole = TraceLog.create(copy, limit())) {
            whole.append(bytes, 0, bytes.length);
            Outcome outcome = outcome(told);
            JobUpdate update = update(outcome, whole);
            TraceUploader uploader =
                    new TraceUploader(
                            whole,
                            reports,
                            new TraceUploader.Requests() {
                                @Override
                                public void cancel() {
                                    // It has ended.
                                }

                                @Override
                                public void abort() {
                                    stop.abort(new StopSignal.Cause.OverForGitLab());
                                }
                            },
                            around.upload(),
                            around.ticker(),
                            new TraceUploader.Base(whole::size, ours, true));
            return new JobSession.Ending(outcome, uploader.finish(update), whole.size());
        }
    }

    private JobUpdate update(Outcome outcome, TraceLog log) {
        return switch (outcome) {
            case Outcome.Failed failed ->
                    new JobUpdate.Failed(log.end(), reason(failed), failed.exitCode());
            case Outcome.Succeeded _, Outcome.Over _ -> new JobUpdate.Success(log.end());
        };
    }

    private static Outcome outcome(RemoteEnd.Delivered told) {
        return told.state().equals("success")
                ? new Outcome.Succeeded()
                : new Outcome.Failed(
                        reason(told.reason()), "told by its own engine", told.exitCode());
    }

    private static FailureReason reason(String word) {
        for (FailureReason reason : FailureReason.values()) {
            if (reason.wireName().equals(word.toLowerCase(Locale.ROOT))) {
                return reason;
            }
        }
        return FailureReason.UNKNOWN_FAILURE;
    }

    private OutputLimit limit() {
        if (lane.isRelayed()) {
            // The engine that writes the log has cut it already.
            return NO_LIMIT;
        }
        return OutputLimit.ofKibibytes(
                settings.output().limitKib(),
                settings.output().endKib(),
                settings.output().keptKib());
    }

    private static JobSession.Ending over() {
        return new JobSession.Ending(new Outcome.Over(), TraceUploader.Delivery.OVER, 0);
    }

    /** The log is ours, or ours again. */
    private JobSession.Ending failed(Outcome.Failed outcome, Writing writing)
            throws InterruptedException {
        if (stop.cause() instanceof StopSignal.Cause.OverForGitLab) {
            return over();
        }
        return new JobSession.Ending(
                outcome, writing.finish(outcome, reason(outcome)), writing.trace.size());
    }

    /** Another engine has written to the log, nobody knows what. */
    private JobSession.Ending takenOver(Outcome.Failed outcome, Writing writing, JobReports reports)
            throws InterruptedException {
        TraceUploader.Delivery delivery =
                new TakeOver(payload.id(), reports, around.ticker(), around.upload().finalRounds())
                        .end(writing.trace.size(), outcome.lastLine(), reason(outcome));
        return new JobSession.Ending(outcome, delivery, writing.trace.size());
    }

    private String reason(Outcome.Failed outcome) {
        return outcome.reason().supportedBy(payload.features().failureReasons()).wireName();
    }

    /** A payload that can't be run: its explanation is the whole log. */
    private JobSession.Ending refuse(TraceLog trace, JobFailure unusable)
            throws InterruptedException {
        JobReports reports = around.reports().reports(false);
        accept(reports);
        if (stop.cause() instanceof StopSignal.Cause.OverForGitLab) {
            return over();
        }
        Outcome.Failed outcome = Outcome.Failed.of(unusable);
        try (JobLog log =
                new JobLog(
                        trace,
                        Masks.of(List.of(payload.token()), List.of()),
                        new JobLog.Format(false, true),
                        around.clock())) {
            log.error(outcome.lastLine());
        }
        TraceUploader.Delivery delivery =
                uploader(trace, reports, false)
                        .finish(
                                new JobUpdate.Failed(
                                        trace.end(),
                                        outcome.reason()
                                                .supportedBy(payload.features().failureReasons())
                                                .wireName(),
                                        outcome.exitCode()));
        return new JobSession.Ending(outcome, delivery, trace.size());
    }

    /**
     * The first call on the job (runner-protocol §3.7): only a clear word keeps it from running.
     */
    private void accept(JobReports reports) throws InterruptedException {
        try {
            stop.heed(reports.update(new JobUpdate.Accepted()));
        } catch (IOException e) {
            LOG.warn("accept_failed job={} error={}", payload.id(), e.toString());
        }
    }

    private TraceUploader uploader(TraceLog trace, JobReports reports, boolean resumed) {
        return new TraceUploader(
                trace,
                reports,
                stop,
                around.upload(),
                around.ticker(),
                // The process before may have sent all of it, which GitLab's answer then says.
                new TraceUploader.Base(trace::size, 0, resumed));
    }

    /** The log while it is ours. */
    private final class Writing implements RemoteJob, AutoCloseable {
        private final TraceLog trace;
        private final JobPlan plan;
        private JobLog log;
        private final TraceUploader uploader;
        private final ParkedSession waits;
        private @Nullable Thread upload;
        private boolean released;
        private boolean relayed;

        Writing(TraceLog trace, JobPlan plan, JobReports reports, boolean resumed) {
            this.trace = trace;
            this.plan = plan;
            waits = new ParkedSession(payload.id(), stop, reports);
            log = log();
            uploader = uploader(trace, reports, resumed);
        }

        private JobLog log() {
            return new JobLog(
                    trace,
                    Masks.of(
                            plan.masks(),
                            plan.tokenPrefixes(),
                            plan.flags().isOn(FeatureFlag.FF_MASK_ALL_DEFAULT_TOKENS)),
                    new JobLog.Format(plan.sections(), plan.timestamps()),
                    around.clock());
        }

        @Override
        public JobPlan plan() {
            return plan;
        }

        @Override
        public byte[] raw() {
            return raw.clone();
        }

        @Override
        public Path directory() {
            return around.directory();
        }

        @Override
        public void say(String line) {
            if (released) {
                throw new IllegalStateException("the log is another engine's");
            }
            log.plain(line);
            send();
        }

        /** Begins to send with the first line: a job that was handed over before has none. */
        private void send() {
            if (upload == null) {
                upload =
                        Thread.ofVirtual()
                                .name("trace-" + payload.id())
                                .start(() -> {
                                    try {
                                        uploader.run();
                                    } catch (InterruptedException _) {
                                        Thread.currentThread().interrupt();
                                    }
                                });
            }
        }

        @Override
        public Stop stop() {
            return waits.stop();
        }

        @Override
        public void pause(Duration time) throws InterruptedException {
            waits.pause(time);
        }

        @Override
        public boolean isOver() throws InterruptedException {
            return waits.isOver();
        }

        @Override
        public long release() throws InterruptedException {
            released = true;
            log.close();
            endUpload();
            return uploader.acknowledged();
        }

        @Override
        public void relay() {
            released = true;
            relayed = true;
            log.close();
            send();
        }

        @Override
        public void append(byte[] bytes, int from, int length) {
            trace.append(bytes, from, length);
        }

        @Override
        public long written() {
            return trace.length();
        }

        /** Tells GitLab what the engine elsewhere has come to. */
        private JobSession.Ending finish(RemoteEnd.Delivered told) throws InterruptedException {
            Outcome outcome = outcome(told);
            return new JobSession.Ending(
                    outcome, uploader.finish(update(outcome, trace)), trace.size());
        }

        private void endUpload() throws InterruptedException {
            Thread running = upload;
            if (running == null) {
                return;
            }
            uploader.end();
            running.join(LAST_PATCH);
            running.interrupt();
            running.join();
            upload = null;
        }

        private TraceUploader.Delivery finish(Outcome.Failed outcome, String reason)
                throws InterruptedException {
            if (relayed) {
                // The other engine's lines are whole or not; ours is a line of its own.
                byte[] newline = {'\n'};
                trace.append(newline, 0, newline.length);
                log = log();
            }
            log.failed(outcome.lastLine());
            log.close();
            return uploader.finish(new JobUpdate.Failed(trace.end(), reason, outcome.exitCode()));
        }

        @Override
        public void close() {
            Thread running = upload;
            if (running != null) {
                running.interrupt();
            }
        }
    }
}
