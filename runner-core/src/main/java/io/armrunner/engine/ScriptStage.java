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

    private final Environment environment;
    private final JobLog log;
    private final StopSignal stop;
    private final Ticker ticker;
    private final EngineLimits limits;

    ScriptStage(
            Environment environment,
            JobLog log,
            StopSignal stop,
            Ticker ticker,
            EngineLimits limits) {
        this.environment = environment;
        this.log = log;
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
            Environment.Running running = environment.start(script);
            try {
                return follow(running, jobDeadline, deadline, onCancel);
            } catch (UncheckedIOException unwritable) {
                end(running);
                throw new JobFailure(
                        FailureReason.RUNNER_SYSTEM_FAILURE,
                        String.valueOf(unwritable.getMessage()),
                        unwritable);
            }
        } catch (JobFailure failure) {
            return new StageResult.Broken(failure);
        } catch (IOException failure) {
            return new StageResult.Broken(
                    new JobFailure(
                            FailureReason.RUNNER_SYSTEM_FAILURE,
                            "could not run %s: %s"
                                    .formatted(script.stageId(), failure.getMessage()),
                            failure));
        }
    }

    private StageResult follow(
            Environment.Running running, Deadline jobDeadline, Deadline deadline, OnCancel onCancel)
            throws IOException, InterruptedException, JobFailure {
        Optional<StageResult> stopping = Optional.empty();
        Optional<Deadline> next = Optional.empty();
        boolean killed = false;
        while (true) {
            Optional<StageEnd> end = running.poll(log::jobOutput, limits.look());
            if (end.isPresent()) {
                log.endJobOutput();
                return stopping.orElseGet(() -> result(end.get()));
            }
            if (stopping.isEmpty()) {
                stopping = reasonToStop(jobDeadline, deadline, onCancel);
                if (stopping.isPresent()) {
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
        if (stop.level() == StopSignal.Level.ABORT || jobDeadline.isOver(ticker)) {
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
