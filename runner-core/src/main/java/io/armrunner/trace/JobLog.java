package io.armrunner.trace;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Base64;

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
     * A moment at which the log can be taken up by another process, to the same effect as if it had
     * never been put down.
     *
     * @param length the {@link TraceLog#length} that belongs to it
     * @param size the {@link TraceLog#size} that belongs to it
     * @param held what masks, characters and lines held back then; holds parts of the output,
     *     masked or not, in Base64
     */
    public record Snapshot(long length, long size, String held) {
        /** The state of a log in which nothing stands. */
        public static final Snapshot EMPTY = new Snapshot(0, 0, "");
    }

    private final TraceLog trace;
    private final Format format;
    private final InstantSource clock;
    private final LogChain runner;
    private final LogChain job;
    private boolean muted;

    /** The log of a job that starts. */
    public JobLog(TraceLog trace, Masks masks, Format format, InstantSource clock) {
        this.trace = trace;
        this.format = format;
        this.clock = clock;
        Pieces pieces = new Pieces(trace);
        runner = new LogChain(0, masks, format.stamps(), clock, pieces);
        job = new LogChain(1, masks, format.stamps(), clock, pieces);
    }

    /**
     * The log of a job whose runner was killed. It is muted: what is written goes nowhere until
     * {@link #unmute}, so that who comes to the same point again may write the same lines.
     *
     * @param trace reopened with the snapshot's length
     */
    public static JobLog resume(
            TraceLog trace, Masks masks, Format format, InstantSource clock, Snapshot snapshot)
            throws IOException {
        if (trace.length() != snapshot.length()) {
            throw new IllegalArgumentException(
                    "Could not resume the log %s: it has %d bytes, the snapshot says %d. Reopen it with that length."
                            .formatted(trace.path(), trace.length(), snapshot.length()));
        }
        JobLog log = new JobLog(trace, masks, format, clock);
        DataInputStream held =
                new DataInputStream(
                        new ByteArrayInputStream(Base64.getDecoder().decode(snapshot.held())));
        log.runner.restore(held);
        log.job.restore(held);
        log.muted = true;
        return log;
    }

    /** From here on the log takes what is written. */
    public synchronized void unmute() {
        muted = false;
    }

    /** The log as it stands. */
    public synchronized Snapshot snapshot() {
        ByteArrayOutputStream held = new ByteArrayOutputStream(64);
        try (DataOutputStream out = new DataOutputStream(held)) {
            runner.save(out);
            job.save(out);
        } catch (IOException e) {
            throw new UncheckedIOException("memory takes all that is written", e);
        }
        return new Snapshot(
                trace.length(),
                trace.size(),
                Base64.getEncoder().encodeToString(held.toByteArray()));
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
        endRunnerLine();
        info("Job succeeded");
    }

    /**
     * The last line, of a job that failed. It begins a line even behind the end of a section.
     *
     * @param explanation {@code Job failed: exit status 1}, {@code Job failed (system failure): …}
     */
    public synchronized void failed(String explanation) {
        endRunnerLine();
        error(explanation);
    }

    private void endRunnerLine() {
        if (!muted) {
            runner.end();
        }
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
        if (muted) {
            return;
        }
        byte[] bytes = text.getBytes(UTF_8);
        runner.write(bytes, 0, bytes.length);
        // A line of the runner is complete: nothing of it waits for the next one.
        runner.endPhrases();
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

    /** A line among the job's output that GitLab Runner's helper tool writes to standard error. */
    public synchronized void helperLine(String text) {
        if (!muted) {
            job.writeErrors((text + "\n").getBytes(UTF_8));
        }
    }

    private synchronized void stageText(String text) {
        if (muted) {
            return;
        }
        byte[] bytes = text.getBytes(UTF_8);
        job.write(bytes, 0, bytes.length);
    }

    /** Output of the job, standard output and standard error alike. */
    public synchronized void jobOutput(byte[] bytes, int offset, int length) {
        if (!muted) {
            job.write(bytes, offset, length);
        }
    }

    /**
     * The output of a stage is over: what was held back goes to the log, and an unfinished line
     * gets its newline.
     */
    public synchronized void endJobOutput() {
        if (!muted) {
            job.end();
        }
    }

    /**
     * From here on the log hides this. Called once, when the secrets are resolved and before the
     * job's output begins: what is in the middle of a token or phrase at this moment is given out.
     */
    public synchronized void masks(Masks masks) {
        runner.masks(masks);
        job.masks(masks);
    }

    /** Where the log is. */
    public Path path() {
        return trace.path();
    }

    /** Gives out what is held back. The {@link TraceLog} stays open. */
    @Override
    public synchronized void close() {
        endJobOutput();
        endRunnerLine();
    }
}
