package io.armrunner.engine;

import io.armrunner.files.FileStages;
import io.armrunner.lane.Environment;
import io.armrunner.plan.JobPlace;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.PlanCompiler;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.protocol.JobReports;
import io.armrunner.protocol.JobStatus;
import io.armrunner.protocol.JobUpdate;
import io.armrunner.protocol.UpdateReply;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Variable;
import io.armrunner.trace.JobLog;
import io.armrunner.trace.Masks;
import io.armrunner.trace.OutputLimit;
import io.armrunner.trace.Ticker;
import io.armrunner.trace.TraceLog;
import io.armrunner.trace.TraceUploader;
import io.armrunner.trace.UploadSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One job, from the moment it was accepted to the moment GitLab has its result. The same in the
 * manager and in an agent.
 *
 * <p>{@link #run} is called once, on the job's own virtual thread; it starts one more, the
 * uploader's, which has ended when it returns.
 */
public final class JobSession {
    private static final Logger LOG = LoggerFactory.getLogger(JobSession.class);

    /**
     * What a job needs besides itself.
     *
     * @param reports the job's line to GitLab
     * @param environments makes the job's place, once for each try to prepare it
     * @param files does the stages that move files
     * @param secrets fetches what other servers keep for the job
     * @param directory the job's own directory, 0700; the caller deletes it when the job was
     *     delivered
     * @param remark a line for the log's head, such as which lane took the job; empty for none
     */
    public record Surroundings(
            DebugReports reports,
            Environments environments,
            FileStages files,
            JobSecrets secrets,
            Path directory,
            UploadSettings upload,
            EngineLimits limits,
            InstantSource clock,
            Ticker ticker,
            String remark) {}

    /** Gives the job's line to GitLab. */
    @FunctionalInterface
    public interface DebugReports {
        /**
         * The line to use; {@code debugTrace} says whether the log shows variables in clear
         * (runner-protocol §4.1).
         */
        JobReports reports(boolean debugTrace);
    }

    /** Makes a job's environment. */
    @FunctionalInterface
    public interface Environments {
        /** A fresh one, not yet prepared. */
        Environment open(JobPlan plan, Path directory)
                throws JobFailure, IOException, InterruptedException;
    }

    /**
     * How a session ended.
     *
     * @param outcome of the job
     * @param delivery whether GitLab has it
     * @param logSize bytes of the log
     */
    public record Ending(Outcome outcome, TraceUploader.Delivery delivery, long logSize) {}

    private final JobPayload payload;
    private final RunnerSettings settings;
    private final JobPlace place;
    private final Surroundings around;
    private final StopSignal stop;
    private final Consumer<String> stageListener;
    private final Optional<Prologue> prologue;

    /**
     * What another process wrote of the log before it handed the job over, which includes the first
     * call on the job.
     */
    public static final class Prologue {
        private final byte[] log;
        private final long acknowledged;
        private final List<String> opening;
        private final Supplier<List<String>> closing;

        /**
         * @param log its bytes
         * @param acknowledged how many of them GitLab has, as far as is known
         * @param opening lines behind it
         * @param closing asked once for lines before the last one
         */
        public Prologue(
                byte[] log,
                long acknowledged,
                List<String> opening,
                Supplier<List<String>> closing) {
            this.log = log.clone();
            this.acknowledged = acknowledged;
            this.opening = List.copyOf(opening);
            this.closing = closing;
        }
    }

    /**
     * @param stageListener hears each stage's id as it begins; called on the job's thread
     */
    public JobSession(
            JobPayload payload,
            RunnerSettings settings,
            JobPlace place,
            Surroundings around,
            StopSignal stop,
            Consumer<String> stageListener) {
        this(payload, settings, place, around, stop, stageListener, Optional.empty());
    }

    /** A session that goes on where another process has handed the job over. */
    public JobSession(
            JobPayload payload,
            RunnerSettings settings,
            JobPlace place,
            Surroundings around,
            StopSignal stop,
            Consumer<String> stageListener,
            Optional<Prologue> prologue) {
        this.prologue = prologue;
        this.payload = payload;
        this.settings = settings;
        this.place = place;
        this.around = around;
        this.stop = stop;
        this.stageListener = stageListener;
    }

    /**
     * Runs the job.
     *
     * @throws IOException if not even the log's file could be made; GitLab was told
     * @throws InterruptedException if the process ends at once; the job is then as if the process
     *     had been killed
     */
    public Ending run() throws IOException, InterruptedException {
        Progress progress;
        TraceLog trace;
        try {
            progress = Progress.open(around.directory(), around.clock(), around.ticker(), stop);
            trace = trace(progress.saved().log().length());
        } catch (IOException e) {
            around.reports()
                    .reports(false)
                    .update(
                            JobUpdate.Failed.of(
                                    new JobUpdate.LogState(0, 0),
                                    FailureReason.RUNNER_SYSTEM_FAILURE));
            throw e;
        }
        try (progress;
                trace) {
            prologue.ifPresent(before -> trace.append(before.log, 0, before.log.length));
            return runWith(trace, progress);
        }
    }

    /** What lies behind the length that was written down was sent to nobody. */
    private TraceLog trace(long length) throws IOException {
        Path path = around.directory().resolve("trace");
        OutputLimit limit =
                OutputLimit.ofKibibytes(
                        settings.output().limitKib(),
                        settings.output().endKib(),
                        settings.output().keptKib());
        if (length > 0) {
            return TraceLog.reopen(path, limit, length);
        }
        Files.deleteIfExists(path);
        return TraceLog.create(path, limit);
    }

    private Ending runWith(TraceLog trace, Progress progress)
            throws IOException, InterruptedException {
        JobPlan plan;
        // A job that is under way has them: they are masked from the first byte on.
        Optional<List<Variable>> secrets =
                progress.hasHistory() ? savedSecrets().read() : Optional.empty();
        try {
            plan = PlanCompiler.compile(payload, settings, place, secrets.orElse(List.of()));
        } catch (JobFailure unusable) {
            return refuse(trace, progress, unusable);
        }
        JobReports reports = around.reports().reports(plan.debugTrace());
        if (progress.isTakenUp()) {
            LOG.info(
                    "job_taken_up job={} at=\"{}\" log_bytes={} sent_bytes={}",
                    payload.id(),
                    progress.summary(),
                    trace.size(),
                    progress.saved().acknowledged());
        }
        if (progress.outcome().isPresent()) {
            return deliver(progress.outcome().get(), trace, uploader(trace, reports, progress));
        }
        if (!progress.isTakenUp()) {
            switch (prologue.isPresent() ? Acceptance.GO_ON : accept(reports)) {
                case GO_ON -> progress.begin();
                case OVER -> {
                    return new Ending(new Outcome.Over(), TraceUploader.Delivery.OVER, 0);
                }
                case CANCELED -> {
                    // Sent as it is: the one place where GitLab wants to read our own word
                    // (runner-protocol §3.7).
                    JobUpdate update =
                            JobUpdate.Failed.of(trace.state(), FailureReason.JOB_CANCELED);
                    TraceUploader.Delivery delivery =
                            uploader(trace, reports, progress).finish(update);
                    return new Ending(
                            new Outcome.Failed(FailureReason.JOB_CANCELED, "canceled", 0),
                            delivery,
                            0);
                }
            }
        }
        TraceUploader uploader = uploader(trace, reports, progress);
        uploader.expectScript();
        Thread upload =
                Thread.ofVirtual()
                        .name("trace-" + payload.id())
                        .start(() -> {
                            try {
                                uploader.run();
                            } catch (InterruptedException _) {
                                Thread.currentThread().interrupt();
                            }
                        });
        try {
            return deliver(
                    writeLog(trace, plan, progress, uploader, secrets.isPresent()),
                    trace,
                    uploader);
        } finally {
            upload.interrupt();
            upload.join();
        }
    }

    private Ending deliver(Outcome outcome, TraceLog trace, TraceUploader uploader)
            throws InterruptedException {
        TraceUploader.Delivery delivery =
                outcome instanceof Outcome.Over
                        ? TraceUploader.Delivery.OVER
                        : uploader.finish(finalUpdate(outcome, trace));
        return new Ending(outcome, delivery, trace.size());
    }

    private Outcome writeLog(
            TraceLog trace,
            JobPlan plan,
            Progress progress,
            TraceUploader uploader,
            boolean hasSecrets)
            throws IOException, InterruptedException {
        // Closed before its end is written down, so that all of it stands there.
        JobLog log = log(trace, plan, progress.saved().log());
        progress.follow(log);
        Outcome outcome;
        try {
            outcome = stagesAndLastLine(log, plan, progress, uploader, hasSecrets);
        } catch (UncheckedIOException full) {
            // The log takes no more but its last lines, which it keeps in memory.
            LOG.error("job_log_full job={} error=\"{}\"", payload.id(), full.getMessage());
            outcome =
                    new Outcome.Failed(
                            FailureReason.RUNNER_SYSTEM_FAILURE,
                            String.valueOf(full.getMessage()),
                            0);
            lastLine(log, outcome);
        }
        log.close();
        progress.end(outcome);
        return outcome;
    }

    private JobLog log(TraceLog trace, JobPlan plan, JobLog.Snapshot saved) throws IOException {
        JobLog.Format format = new JobLog.Format(plan.sections(), plan.timestamps());
        return saved.held().isEmpty()
                ? new JobLog(trace, masks(plan), format, around.clock())
                : JobLog.resume(trace, masks(plan), format, around.clock(), saved);
    }

    private Outcome stagesAndLastLine(
            JobLog log, JobPlan plan, Progress progress, TraceUploader uploader, boolean hasSecrets)
            throws InterruptedException {
        if (prologue.isEmpty()) {
            LogHeader.write(log, plan, around.remark());
        }
        prologue.ifPresent(before -> before.opening.forEach(log::plain));
        Consumer<String> listener =
                stage -> {
                    if (stage.startsWith("step_")) {
                        uploader.prompt();
                    }
                    stageListener.accept(stage);
                };
        Outcome outcome =
                hasSecrets || payload.secrets().isEmpty()
                        ? runStages(log, plan, progress, listener)
                        : runWithSecrets(log, plan, progress, listener);
        prologue.ifPresent(before -> before.closing.get().forEach(log::plain));
        lastLine(log, outcome);
        return outcome;
    }

    private static void lastLine(JobLog log, Outcome outcome) {
        switch (outcome) {
            case Outcome.Succeeded _ -> log.succeeded();
            case Outcome.Failed failed -> log.failed(failed.lastLine());
            case Outcome.Over _ -> {}
        }
    }

    /** What a secret is can be known only now, and so what to mask. */
    private Outcome runWithSecrets(
            JobLog log, JobPlan plan, Progress progress, Consumer<String> listener)
            throws InterruptedException {
        JobPlan whole;
        try {
            List<Variable> secrets =
                    around.secrets()
                            .resolve(plan, log, () -> stop.level() != StopSignal.Level.NONE);
            whole = PlanCompiler.compile(payload, settings, place, secrets);
            savedSecrets().write(secrets);
        } catch (JobFailure failure) {
            return Outcome.Failed.of(failure);
        } catch (IOException e) {
            return new Outcome.Failed(
                    FailureReason.RUNNER_SYSTEM_FAILURE,
                    "Could not keep the job's secrets in %s: %s"
                            .formatted(around.directory(), e.getMessage()),
                    0);
        } catch (RuntimeException broken) {
            LOG.error("secrets_broken job={} error={}", payload.id(), broken.toString(), broken);
            return new Outcome.Failed(
                    FailureReason.RUNNER_SYSTEM_FAILURE, "The job's secrets broke the runner", 0);
        }
        log.masks(masks(whole));
        return runStages(log, whole, progress, listener);
    }

    private SavedSecrets savedSecrets() {
        return new SavedSecrets(around.directory());
    }

    private Outcome runStages(
            JobLog log, JobPlan plan, Progress progress, Consumer<String> listener)
            throws InterruptedException {
        try {
            Environment environment = around.environments().open(plan, around.directory());
            Outcome outcome;
            try {
                outcome =
                        new StageRunner(
                                        plan,
                                        environment,
                                        around.files(),
                                        log,
                                        progress,
                                        stop,
                                        around.ticker(),
                                        around.limits(),
                                        listener)
                                .run();
            } catch (RuntimeException | LinkageError | StackOverflowError broken) {
                closeAfter(environment, broken);
                throw broken;
            }
            // Not after an interrupt: the job's processes run on for another manager.
            environment.close();
            return outcome;
        } catch (JobFailure failure) {
            return Outcome.Failed.of(failure);
        } catch (IOException | RuntimeException broken) {
            LOG.error("job_broken job={} error={}", payload.id(), broken.toString(), broken);
            return new Outcome.Failed(
                    FailureReason.RUNNER_SYSTEM_FAILURE, String.valueOf(broken.getMessage()), 0);
        } catch (LinkageError | StackOverflowError broken) {
            LOG.error(
                    "job_broken job={} error=\"{}\" hint=\"was the program replaced while it ran? Start it again\"",
                    payload.id(),
                    broken.toString(),
                    broken);
            return new Outcome.Failed(
                    FailureReason.RUNNER_SYSTEM_FAILURE,
                    "the runner is broken (%s); its operator should start it again"
                            .formatted(broken),
                    0);
        }
    }

    private static void closeAfter(Environment environment, Throwable broken) {
        try {
            environment.close();
        } catch (IOException e) {
            broken.addSuppressed(e);
        }
    }

    // ---- GitLab
    // --------------------------------------------------------------------------------------------------

    private enum Acceptance {
        GO_ON,
        OVER,
        CANCELED
    }

    /**
     * The first call on the job (runner-protocol §3.7 step 4). Only a clear word of GitLab keeps it
     * from running.
     */
    private Acceptance accept(JobReports reports) throws InterruptedException {
        UpdateReply reply;
        try {
            reply = reports.update(new JobUpdate.Accepted());
        } catch (IOException e) {
            LOG.warn("accept_failed job={} error={}", payload.id(), e.toString());
            return Acceptance.GO_ON;
        }
        if (reply instanceof UpdateReply.Abort) {
            return Acceptance.OVER;
        }
        return reply.status() == JobStatus.CANCELING ? Acceptance.CANCELED : Acceptance.GO_ON;
    }

    /** A payload that can't be run: its explanation is the whole log. */
    private Ending refuse(TraceLog trace, Progress progress, JobFailure unusable)
            throws InterruptedException {
        JobReports reports = around.reports().reports(false);
        if (progress.outcome().isPresent()) {
            return deliver(progress.outcome().get(), trace, uploader(trace, reports, progress));
        }
        if (accept(reports) == Acceptance.OVER) {
            return new Ending(new Outcome.Over(), TraceUploader.Delivery.OVER, 0);
        }
        if (!progress.isTakenUp()) {
            progress.begin();
        }
        Outcome.Failed outcome = Outcome.Failed.of(unusable);
        Masks masks =
                Masks.of(
                        payload.variables().stream()
                                .filter(variable -> variable.masked())
                                .map(variable -> io.armrunner.spec.Secret.of(variable.value()))
                                .toList(),
                        payload.features().tokenMaskPrefixes());
        try (JobLog log =
                new JobLog(trace, masks, new JobLog.Format(false, true), around.clock())) {
            log.error(outcome.lastLine());
            progress.follow(log);
        }
        progress.end(outcome);
        return deliver(outcome, trace, uploader(trace, reports, progress));
    }

    private JobUpdate finalUpdate(Outcome outcome, TraceLog trace) {
        List<String> known = payload.features().failureReasons();
        return switch (outcome) {
            case Outcome.Succeeded _ -> new JobUpdate.Success(trace.end());
            case Outcome.Failed(FailureReason reason, String _, int exitCode) ->
                    new JobUpdate.Failed(
                            trace.end(), reason.supportedBy(known).wireName(), exitCode);
            case Outcome.Over _ ->
                    throw new IllegalArgumentException("a job that is over has no final update");
        };
    }

    private TraceUploader uploader(TraceLog trace, JobReports reports, Progress progress) {
        TraceUploader uploader =
                new TraceUploader(
                        trace,
                        reports,
                        stop,
                        around.upload(),
                        around.ticker(),
                        new TraceUploader.Base(
                                () -> progress.isOver() ? trace.size() : progress.commit(),
                                prologue.map(before -> before.acknowledged)
                                        .orElse(progress.saved().acknowledged()),
                                progress.isTakenUp() || prologue.isPresent()));
        progress.acknowledgedBy(uploader::acknowledged);
        return uploader;
    }

    private static Masks masks(JobPlan plan) {
        return Masks.of(
                plan.masks(),
                plan.tokenPrefixes(),
                plan.flags().isOn(io.armrunner.variables.FeatureFlag.FF_MASK_ALL_DEFAULT_TOKENS));
    }
}
