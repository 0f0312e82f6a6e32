package io.armrunner.engine;

import io.armrunner.lane.Environment;
import io.armrunner.lane.StageScript;
import io.armrunner.process.StageEnd;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.trace.JobLog;
import io.armrunner.trace.Ticker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;

/**
 * One script of a job, from its start to the end of its processes, whatever ends them: itself, a
 * limit, a stop.
 *
 * <p>Runs on the job's thread. TERM goes to the whole group first; who is still there after the
 * grace gets KILL.
 */
final class ScriptStage {
    /** What a cancel by the user means to a stage. */
    enum OnCancel {
        /** It ends. */
        ENDS,
        /** It goes on: the job is ending anyhow. */
        GOES_ON
    }

    private static final Deadline NEVER =
            new Deadline(java.time.Duration.ofSeconds(Long.MAX_VALUE));

    private final Environment environment;
    private final JobLog log;
    private final Progress progress;
    private final StopSignal stop;
    private final Ticker ticker;
    private final EngineLimits limits;

    ScriptStage(
            Environment environment,
            JobLog log,
            Progress progress,
            StopSignal stop,
            Ticker ticker,
            EngineLimits limits) {
        this.environment = environment;
        this.log = log;
        this.progress = progress;
        this.stop = stop;
        this.ticker = ticker;
        this.limits = limits;
    }

    /**
     * Runs a script.
     *
     * @param jobDeadline the job's limit: {@link StageResult.JobEnds}
     * @param deadline the stage's own limit: {@link StageResult.TimedOut}
     */
    StageResult run(StageScript script, Deadline jobDeadline, Deadline deadline, OnCancel onCancel)
            throws InterruptedException {
        Optional<StageResult> early = reasonToStop(jobDeadline, deadline, onCancel);
        if (early.isPresent()) {
            return early.get();
        }
        try {
            return followed(
                    environment.start(script), jobDeadline, deadline, onCancel, Optional.empty());
        } catch (JobFailure failure) {
            return new StageResult.Broken(failure);
        } catch (IOException failure) {
            return broken(script.stageId(), failure);
        }
    }

    /**
     * Goes on with a script that an earlier process has started.
     *
     * @param stopping what that process was stopping it with
     * @return empty when the script had not begun
     */
    Optional<StageResult> goOn(
            String stageId,
            Deadline jobDeadline,
            Deadline deadline,
            OnCancel onCancel,
            Optional<StageResult> stopping)
            throws InterruptedException {
        try {
            Optional<Environment.Running> running = environment.running();
            if (running.isEmpty()) {
                return Optional.empty();
            }
            boolean over = running.get().isOver();
            // What has ended by itself is not stopped any more, however late it is now.
            StageResult result =
                    over
                            ? followed(
                                    running.get(), NEVER, NEVER, OnCancel.GOES_ON, Optional.empty())
                            : followed(running.get(), jobDeadline, deadline, onCancel, stopping);
            if (over && result instanceof StageResult.Killed) {
                return Optional.of(
                        new StageResult.Lost(
                                new JobFailure(
                                        FailureReason.RUNNER_SYSTEM_FAILURE,
                                        "the job's processes were ended while the runner was away")));
            }
            return Optional.of(over ? stopping.orElse(result) : result);
        } catch (JobFailure failure) {
            return Optional.of(new StageResult.Broken(failure));
        } catch (IOException failure) {
            return Optional.of(broken(stageId, failure));
        }
    }

    private static StageResult broken(String stageId, IOException failure) {
        return new StageResult.Broken(
                new JobFailure(
                        FailureReason.RUNNER_SYSTEM_FAILURE,
                        "could not run %s: %s".formatted(stageId, failure.getMessage()),
                        failure));
    }

    private StageResult followed(
            Environment.Running running,
            Deadline jobDeadline,
            Deadline deadline,
            OnCancel onCancel,
            Optional<StageResult> stopping)
            throws IOException, InterruptedException, JobFailure {
        try {
            return follow(running, jobDeadline, deadline, onCancel, stopping);
        } catch (UncheckedIOException unwritable) {
            end(running);
            throw new JobFailure(
                    FailureReason.RUNNER_SYSTEM_FAILURE,
                    String.valueOf(unwritable.getMessage()),
                    unwritable);
        }
    }

    private StageResult follow(
            Environment.Running running,
            Deadline jobDeadline,
            Deadline deadline,
            OnCancel onCancel,
            Optional<StageResult> begun)
            throws IOException, InterruptedException, JobFailure {
        Optional<StageResult> stopping = begun;
        Optional<Deadline> next = Optional.empty();
        if (stopping.isPresent()) {
            running.terminate();
            next = Optional.of(Deadline.in(ticker, grace()));
        }
        boolean killed = false;
        while (true) {
            Optional<StageEnd> end = running.poll(progress.output(), limits.look());
            if (end.isPresent()) {
                log.endJobOutput();
                return stopping.orElseGet(() -> result(end.get()));
            }
            running.release(progress.settled());
            if (stopping.isEmpty()) {
                stopping = reasonToStop(jobDeadline, deadline, onCancel);
                if (stopping.isPresent()) {
                    progress.stopping(stopping.get());
                    running.terminate();
                    next = Optional.of(Deadline.in(ticker, grace()));
                }
            } else if (next.isPresent() && next.get().isOver(ticker)) {
                if (killed) {
                    throw new JobFailure(
                            FailureReason.RUNNER_SYSTEM_FAILURE,
                            "failed to kill the stage's processes, they are likely dormant");
                }
                killed = true;
                running.kill();
                next = Optional.of(Deadline.in(ticker, limits.forceKill()));
            }
        }
    }

    /** The log takes no more of the stage's output, most likely for want of space. */
    private void end(Environment.Running running) throws IOException, InterruptedException {
        running.kill();
        Deadline dormant = Deadline.in(ticker, limits.forceKill());
        while (!dormant.isOver(ticker) && running.poll((_, _, _) -> {}, limits.look()).isEmpty()) {
            // Its output goes nowhere.
        }
    }

    private java.time.Duration grace() {
        return stop.cause() instanceof StopSignal.Cause.RunnerStops
                ? limits.shutdownKill()
                : limits.gracefulKill();
    }

    private Optional<StageResult> reasonToStop(
            Deadline jobDeadline, Deadline deadline, OnCancel onCancel) {
        boolean aborted = stop.level() == StopSignal.Level.ABORT && !jobDeadline.equals(NEVER);
        if (aborted || jobDeadline.isOver(ticker)) {
            return Optional.of(new StageResult.JobEnds());
        }
        if (stop.level() == StopSignal.Level.CANCEL && onCancel == OnCancel.ENDS) {
            return Optional.of(new StageResult.Cancelled());
        }
        return deadline.isOver(ticker) ? Optional.of(new StageResult.TimedOut()) : Optional.empty();
    }

    private static StageResult result(StageEnd end) {
        return switch (end) {
            case StageEnd.Exited(int status) ->
                    status == 0 ? new StageResult.Passed() : new StageResult.Exited(status);
            case StageEnd.Vanished() -> new StageResult.Killed();
        };
    }
}
