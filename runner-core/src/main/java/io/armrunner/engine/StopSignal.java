package io.armrunner.engine;

import io.armrunner.protocol.JobStatus;
import io.armrunner.protocol.UpdateReply;
import io.armrunner.spec.JobFailure;
import io.armrunner.trace.TraceUploader;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * How far a job is asked to stop; it only rises: {@link Level#NONE}, {@link Level#CANCEL}, {@link
 * Level#ABORT}.
 *
 * <p>Raised by the uploader's thread (what GitLab answers) and by the manager's shutdown; read by
 * the job's thread, which looks several times a second while a stage runs. The first cause of a
 * level stays.
 */
public final class StopSignal implements TraceUploader.Requests {
    /** How far. */
    public enum Level {
        /** Nobody asked. */
        NONE,
        /**
         * The user cancelled: before the script this ends the job, in the script the script, later
         * nothing.
         */
        CANCEL,
        /** Everything ends at once, after_script included. */
        ABORT
    }

    /** Who asked for an abort. */
    public sealed interface Cause {
        /** GitLab says that the job is over: it wants to hear nothing more of it. */
        record OverForGitLab() implements Cause {}

        /**
         * The runner itself is told to stop.
         *
         * @param signal as the log says it: {@code terminated}, {@code interrupt}
         */
        record RunnerStops(String signal) implements Cause {}
    }

    private volatile Level level = Level.NONE;
    private volatile @Nullable Cause cause;
    private @Nullable Thread sleeper;

    /** The user cancelled the job. */
    @Override
    public synchronized void cancel() {
        if (level == Level.NONE) {
            level = Level.CANCEL;
            wake();
        }
    }

    /** Everything is to end. */
    public synchronized void abort(Cause why) {
        if (level != Level.ABORT) {
            cause = why;
            level = Level.ABORT;
            wake();
        }
    }

    /** GitLab says that the job is over. */
    @Override
    public void abort() {
        abort(new Cause.OverForGitLab());
    }

    /** Does what the answer to a report asks for. */
    public void heed(UpdateReply reply) {
        if (reply instanceof UpdateReply.Abort) {
            abort();
        } else if (reply.status() == JobStatus.CANCELING) {
            cancel();
        }
    }

    /** How far the job is asked to stop. */
    public Level level() {
        return level;
    }

    /** Who asked for the abort; {@code null} before one. */
    public @Nullable Cause cause() {
        return cause;
    }

    /**
     * Waits, but not longer than until somebody raises the signal.
     *
     * @return whether the whole time has passed
     */
    synchronized boolean pause(java.time.Duration time) throws InterruptedException {
        long end = System.nanoTime() + time.toNanos();
        Level before = level;
        while (level == before) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                return true;
            }
            wait(left / 1_000_000, (int) (left % 1_000_000));
        }
        return false;
    }

    /**
     * Runs work that blocks outside any stage, such as an upload, on the caller's thread, which an
     * abort interrupts.
     *
     * @throws InterruptedException if there was an abort
     */
    void interruptible(Work work) throws JobFailure, IOException, InterruptedException {
        synchronized (this) {
            if (level == Level.ABORT) {
                throw new InterruptedException("aborted");
            }
            sleeper = Thread.currentThread();
        }
        try {
            work.run();
        } finally {
            synchronized (this) {
                sleeper = null;
                if (level == Level.ABORT && Thread.interrupted()) {
                    // The interrupt was ours and has done its work: what follows has its own
                    // limits.
                    notifyAll();
                }
            }
        }
    }

    /** Work that blocks. */
    @FunctionalInterface
    interface Work {
        void run() throws JobFailure, IOException, InterruptedException;
    }

    private void wake() {
        notifyAll();
        if (level == Level.ABORT && sleeper != null) {
            sleeper.interrupt();
        }
    }
}
