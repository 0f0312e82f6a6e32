package io.armrunner.trace;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Path;
import java.time.InstantSource;

/**
 * The log of one job as the engine writes it: the runner's own lines, sections, and the output of
 * the job.
 *
 * <p>All methods are thread-safe (one lock, the object's own): the job's thread writes lines while
 * another one carries output. What was written is in the {@link TraceLog} when a method returns,
 * but for the bytes that may become part of a masked phrase, a character or a line. A full disk is
 * an {@link java.io.UncheckedIOException}.
 */
public final class JobLog implements AutoCloseable {
    /**
     * How the log is written.
     *
     * @param sections the payload's {@code features.trace_sections}
     * @param stamps FF_TIMESTAMPS
     */
    public record Format(boolean sections, boolean stamps) {}

    /**
     * A moment from which the job's output can be written again after a restart, to the same
     * effect.
     *
     * @param consumed how many bytes of the job's output, since the last {@link #endJobOutput}, are
     *     in the log for good
     * @param continuation whether the next piece of output goes on with the line before
     * @param traceLength the {@link TraceLog#length} that belongs to it
     */
    public record Checkpoint(long consumed, boolean continuation, long traceLength) {}

    private final TraceLog trace;
    private final Format format;
    private final InstantSource clock;
    private final LogChain runner;
    private final LogChain job;
    private long written;
    private Checkpoint checkpoint;

    /**
     * The log of a job that starts, or that starts over with nothing of its output in {@code
     * trace}.
     */
    public JobLog(TraceLog trace, Masks masks, Format format, InstantSource clock) {
        this(trace, masks, format, clock, new Checkpoint(0, false, trace.length()));
    }

    /**
     * The log of a job whose runner was killed: {@code trace} was reopened with the checkpoint's
     * length, and the job's output is written again from byte {@code consumed} on.
     */
    public static JobLog resume(
            TraceLog trace,
            Masks masks,
            Format format,
            InstantSource clock,
            Checkpoint checkpoint) {
        if (trace.length() != checkpoint.traceLength()) {
            throw new IllegalArgumentException(
                    "Could not resume the log %s: it has %d bytes, the checkpoint says %d. Reopen it with that length."
                            .formatted(trace.path(), trace.length(), checkpoint.traceLength()));
        }
        return new JobLog(trace, masks, format, clock, checkpoint);
    }

    private JobLog(
            TraceLog trace,
            Masks masks,
            Format format,
            InstantSource clock,
            Checkpoint checkpoint) {
        this.trace = trace;
        this.format = format;
        this.clock = clock;
        this.checkpoint = checkpoint;
        written = checkpoint.consumed();
        Pieces pieces = new Pieces(trace);
        runner = new LogChain(0, false, masks, format.stamps(), clock, pieces);
        job = new LogChain(1, checkpoint.continuation(), masks, format.stamps(), clock, pieces);
    }

    /** A line of the runner. */
    public void plain(String text) {
        runnerText(Ansi.CLEAR + text + Ansi.RESET + "\n");
    }

    /** A line of the runner that tells of a step. */
    public void info(String text) {
        runnerText(Ansi.BOLD_GREEN + text + Ansi.RESET + "\n");
    }

    /** A line of the runner about something that the job survives. */
    public void warning(String text) {
        runnerText(Ansi.YELLOW + "WARNING: " + text + Ansi.RESET + "\n");
    }

    /** A line of the runner about something that fails the job. */
    public void error(String text) {
        runnerText(Ansi.BOLD_RED + "ERROR: " + text + Ansi.RESET + "\n");
    }

    /**
     * The last line, of a job that went well. It begins a line even behind the end of a section.
     */
    public synchronized void succeeded() {
        runner.end();
        info("Job succeeded");
    }

    /**
     * The last line, of a job that failed. It begins a line even behind the end of a section.
     *
     * @param explanation {@code Job failed: exit status 1}, {@code Job failed (system failure): …}
     */
    public synchronized void failed(String explanation) {
        runner.end();
        error(explanation);
    }

    /**
     * Begins a section.
     *
     * @param id the stage's id, {@code get_sources}
     * @param header the line at its head, which is there even when the server takes no sections
     */
    public synchronized void sectionStart(String id, String header) {
        marker("section_start", id);
        plain(Ansi.BOLD_CYAN + header + Ansi.RESET);
    }

    /** Ends a section, and the job's output in it. */
    public synchronized void sectionEnd(String id) {
        endJobOutput();
        marker("section_end", id);
    }

    private void marker(String kind, String id) {
        if (format.sections()) {
            runnerText(
                    kind + ":" + clock.instant().getEpochSecond() + ":" + id + "\r" + Ansi.CLEAR);
        }
    }

    private synchronized void runnerText(String text) {
        byte[] bytes = text.getBytes(UTF_8);
        boolean follows = trace.length() == checkpoint.traceLength();
        runner.write(bytes, 0, bytes.length);
        // A line of the runner is complete: nothing of it waits for the next one.
        runner.endPhrases();
        if (follows) {
            // Only lines of the runner since the checkpoint: they are kept with it.
            moveCheckpoint(checkpoint.consumed(), checkpoint.continuation());
        }
    }

    /** A green line among the job's output, as the stages have them ({@code Fetching changes…}). */
    public void notice(String text) {
        stageText(Ansi.BOLD_GREEN + text + Ansi.RESET + "\n");
    }

    /** A yellow line among the job's output. */
    public void noticeWarning(String text) {
        stageText(Ansi.YELLOW + text + Ansi.RESET + "\n");
    }

    /** A line among the job's output without a colour ({@code Running on host...}). */
    public void noticePlain(String text) {
        stageText(text + "\n");
    }

    /** The same without an end: what follows goes on in that line, or writes over it. */
    public void noticePart(String text) {
        stageText(text);
    }

    private synchronized void stageText(String text) {
        byte[] bytes = text.getBytes(UTF_8);
        job.write(bytes, 0, bytes.length);
        checkpointIfQuiet();
    }

    /** Output of the job, standard output and standard error alike. */
    public synchronized void jobOutput(byte[] bytes, int offset, int length) {
        // Up to the last newline nothing is held back as a rule, so a checkpoint there keeps the
        // replay short.
        int lines = length;
        while (lines > 0 && bytes[offset + lines - 1] != '\n') {
            lines--;
        }
        if (lines > 0 && lines < length) {
            jobPart(bytes, offset, lines);
        } else {
            lines = 0;
        }
        jobPart(bytes, offset + lines, length - lines);
    }

    private void jobPart(byte[] bytes, int offset, int length) {
        job.write(bytes, offset, length);
        written += length;
        checkpointIfQuiet();
    }

    private void checkpointIfQuiet() {
        if (job.isQuiet()) {
            moveCheckpoint(written, job.continuation());
        }
    }

    private void moveCheckpoint(long consumed, boolean continuation) {
        checkpoint = new Checkpoint(consumed, continuation, trace.length());
    }

    /**
     * The output of a stage is over: what was held back goes to the log, and an unfinished line
     * gets its newline. The output of the next stage is counted from 0.
     */
    public synchronized void endJobOutput() {
        job.end();
        written = 0;
        moveCheckpoint(0, false);
    }

    /**
     * From here on the log hides this. Called once, when the secrets are resolved and before the
     * job's output begins: what is in the middle of a token or phrase at this moment is given out.
     */
    public synchronized void masks(Masks masks) {
        runner.masks(masks);
        job.masks(masks);
        checkpointIfQuiet();
    }

    /** Where the log is. */
    public Path path() {
        return trace.path();
    }

    /** How many bytes of the job's output are in the log for good. */
    public long consumed() {
        return checkpoint().consumed();
    }

    /**
     * The latest moment from which the output can be written again. Lines of the runner are part of
     * it as long as the job wrote nothing since; those that came into the middle of a line of the
     * job are not.
     */
    public synchronized Checkpoint checkpoint() {
        return checkpoint;
    }

    /** Gives out what is held back. The {@link TraceLog} stays open. */
    @Override
    public synchronized void close() {
        endJobOutput();
        runner.end();
    }
}
