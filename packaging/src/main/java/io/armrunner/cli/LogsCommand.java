package io.armrunner.cli;

import io.armrunner.status.JobRecord;
import io.armrunner.status.StateView;
import io.armrunner.trace.LogFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code armrunner logs}: the whole log of a job, while it runs and as long as it is kept. */
@Command(name = "logs", description = "Shows the log of a job, whole and masked.")
final class LogsCommand implements Callable<Integer> {
    private static final int PIECE = 64 * 1024;

    /** Seems live, costs nothing. */
    private static final long LOOK_MILLIS = 250;

    private final Surroundings surroundings;
    private final boolean colours;
    @Mixin private final StateOptions state = new StateOptions();

    @Parameters(
            paramLabel = "JOB",
            description = "The job's number, or RUNNER.NUMBER as jobs --json has them.")
    private String job = "";

    @Option(
            names = {"-f", "--follow"},
            description = "Goes on until the job ends.")
    private boolean follow;

    @Option(names = "--raw", description = "As it is stored: with stamps and section marks.")
    private boolean raw;

    /**
     * @param colours whether the reader shows them
     */
    LogsCommand(Surroundings surroundings, boolean colours) {
        this.surroundings = surroundings;
        this.colours = colours;
    }

    @Override
    public Integer call() throws IOException, InterruptedException, UserError {
        LogText text =
                new LogText(line ->
                        surroundings
                                .out()
                                .println(colours ? line.text() : Colours.strip(line.text())));
        long offset = 0;
        boolean found = false;
        while (true) {
            // Anew each time: a job that ends takes its log to another place.
            StateView books = state.books(surroundings);
            JobRecord record = record(books);
            boolean over = record.end().isPresent() || !JobsCommand.isAlive(books);
            Optional<Path> log = books.log(record);
            if (log.isPresent()) {
                try {
                    offset = print(log.get(), offset, text);
                    found = true;
                } catch (NoSuchFileException _) {
                    // It moved just now.
                    over = false;
                }
            }
            if (over || !follow) {
                if (!found) {
                    throw new UserError(
                            "the log of job %s is not kept any more; kept_logs_size and kept_logs_age in config.toml say how long logs are"
                                    .formatted(job));
                }
                text.end();
                surroundings.out().flush();
                return 0;
            }
            Thread.sleep(LOOK_MILLIS);
        }
    }

    private JobRecord record(StateView books) throws UserError {
        int dot = job.lastIndexOf('.');
        long id;
        try {
            id = Long.parseLong(job.substring(dot + 1));
        } catch (NumberFormatException _) {
            throw new UserError(2, "JOB must be a job's number, but is " + job);
        }
        List<JobRecord> all =
                books.jobs(id).stream()
                        .filter(each ->
                                dot < 0 || each.key().runner().equals(job.substring(0, dot)))
                        .toList();
        if (all.isEmpty()) {
            throw new UserError(
                    "the books in %s have no job %s; armrunner jobs lists those that are there"
                            .formatted(books.state(), job));
        }
        return all.getFirst();
    }

    /** Prints what is there from {@code offset} on; says how far that was. */
    private long print(Path log, long offset, LogText text) throws IOException {
        long at = offset;
        while (true) {
            LogFile.Piece piece = LogFile.read(log, at, PIECE);
            if (piece.offset() > at && piece.bytes().length > 0) {
                out(LogFile.gap(piece.offset() - at), text);
            }
            if (piece.bytes().length == 0) {
                surroundings.out().flush();
                return at;
            }
            int length = raw ? wholeLines(piece.bytes()) : piece.bytes().length;
            out(Arrays.copyOf(piece.bytes(), length), text);
            at = piece.offset() + length;
        }
    }

    /**
     * Up to the last newline, so that no character is cut; a line without end goes out as it is.
     */
    private static int wholeLines(byte[] bytes) {
        int length = bytes.length;
        while (length > 0 && bytes[length - 1] != '\n') {
            length--;
        }
        return length == 0 ? bytes.length : length;
    }

    private void out(byte[] bytes, LogText text) {
        if (raw) {
            surroundings.out().print(new String(bytes, StandardCharsets.UTF_8));
        } else {
            text.add(bytes);
        }
    }
}
