package io.armrunner.process;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One stage that runs: a leader in a session of its own, and the shell that it started on the
 * stage's script.
 *
 * <p>The leader is a shell of a few lines. It survives a TERM to its group, waits for the stage's
 * shell, keeps the exit status in its file, and writes an end mark with the status into the job's
 * output, behind everything that the script had written. The script is a file of mode 0600 that is
 * deleted when the stage has ended. Used by the job's thread.
 *
 * <p>Only one process can make the file with the leader's number. The leader does it before
 * anything else; a manager that finds a stage of an earlier one does it too, and so knows for
 * certain: either the stage has begun, or it never will. A file without a number is such a
 * manager's, or that of a leader that is about to write it or was killed before.
 */
public final class StageProcess {
    private static final String LEADER =
            """
            trap : TERM INT HUP QUIT
            script=$1 output=$2 leader=$3 mark=$4
            set -C
            echo $$ >"$leader" || exit 1
            set +C
            cd "$5" || exit 1
            shift 5
            "$@" <"$script" >"$output" 2>&1
            code=$?
            echo "$code" >>"$leader"
            printf '\\000%s %d\\n' "$mark" "$code" >"$output"
            """;

    /**
     * A look at quiet output costs a system call; at this pace a hundred silent jobs cost one per
     * cent of a core.
     */
    private static final Duration SLOWEST_LOOK = Duration.ofMillis(50);

    private static final Duration SOONEST_LOOK = Duration.ofMillis(1);

    /**
     * How long after the leader's end its mark may be on its way through the FIFO before we write
     * one for it.
     */
    private static final Duration LAST_WORDS = Duration.ofMillis(100);

    /**
     * Between a leader's making of its file and the number in it lie microseconds, on a host that
     * is out of breath seconds.
     */
    private static final Duration CLAIM_LIMIT = Duration.ofSeconds(60);

    private static final Duration CLAIM_LOOK = Duration.ofMillis(10);

    private static final Set<StandardOpenOption> CREATE =
            Set.of(
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE);

    private final OutputPipe pipe;
    private final Path script;
    private final ProcessIdentity leader;
    private final @Nullable ChildProcess child;
    private final EndMark mark;
    private long quietSince = System.nanoTime();
    private boolean vanished;
    private boolean markedByUs;

    private StageProcess(
            OutputPipe pipe,
            Path script,
            ProcessIdentity leader,
            @Nullable ChildProcess child,
            EndMark mark) {
        this.pipe = pipe;
        this.script = script;
        this.leader = leader;
        this.child = child;
        this.mark = mark;
    }

    /**
     * Starts a stage.
     *
     * @param pipe the job's output
     * @param number of the stage within the job; names its files and its end mark
     * @param nonce not to be guessed by the job, so that no output looks like an end mark
     * @param shell the argv that reads a script from its standard input
     * @param directory where the shell starts
     * @param environment what the shell inherits
     */
    public static StageProcess start(
            OutputPipe pipe,
            int number,
            String nonce,
            List<String> shell,
            String text,
            Path directory,
            java.util.Map<String, String> environment)
            throws IOException {
        Path script = pipe.directory().resolve("stage." + number + ".script");
        try (FileChannel file =
                FileChannel.open(
                        script,
                        CREATE,
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(UTF_8));
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
        }
        EndMark mark = new EndMark(nonce, number);
        if (!Files.isDirectory(directory)) {
            throw new NoSuchFileException(
                    directory.toString(), null, "it is where the job's shell should start");
        }
        List<String> argv = new ArrayList<>(List.of("sh", "-c", LEADER, "armrunner-stage"));
        argv.addAll(
                List.of(
                        script.toString(),
                        pipe.fifo().toString(),
                        leaderFile(pipe, number).toString(),
                        mark.text(),
                        directory.toString()));
        argv.addAll(shell);
        ChildProcess child = ChildProcess.start(argv, environment);
        return new StageProcess(pipe, script, ProcessIdentity.of(child.pid()), child, mark);
    }

    private static Path leaderFile(OutputPipe pipe, int number) {
        return pipe.directory().resolve("stage." + number + ".leader");
    }

    /**
     * Finds a stage that an earlier manager started.
     *
     * @return empty when it had not begun; it never will then, and its number is used up
     */
    public static Optional<StageProcess> attach(OutputPipe pipe, int number, String nonce)
            throws IOException, InterruptedException {
        Path file = leaderFile(pipe, number);
        try {
            Files.createFile(file);
            return Optional.empty();
        } catch (FileAlreadyExistsException _) {
            // It has begun, or somebody saw to it before us that it never will.
        }
        EndMark mark = new EndMark(nonce, number);
        long deadline = System.nanoTime() + CLAIM_LIMIT.toNanos();
        while (Files.size(file) == 0) {
            if (!ProcessIdentity.runs(mark.text()) && Files.size(file) == 0) {
                return Optional.empty();
            }
            if (System.nanoTime() > deadline) {
                throw new IOException(
                        "the leader of stage %d has made %s and never wrote its number into it; is it stopped?"
                                .formatted(number, file));
            }
            Thread.sleep(CLAIM_LOOK);
        }
        Path script = pipe.directory().resolve("stage." + number + ".script");
        ProcessIdentity leader =
                ProcessIdentity.claimed(file, mark.text()).orElse(new ProcessIdentity(0, 0));
        return Optional.of(new StageProcess(pipe, script, leader, null, mark));
    }

    /** Whether its shell has ended; there may be output that was not passed on yet. */
    public boolean isOver() throws IOException {
        return !lastWord().isEmpty() || !isRunning();
    }

    /** The group's leader. */
    public ProcessIdentity leader() {
        return leader;
    }

    /**
     * Passes on what the stage has printed and waits a little for more.
     *
     * @param limit how long to wait at the most when there is nothing
     * @return how the stage ended, once it has and all of its output was passed on; empty while it
     *     runs
     */
    public Optional<StageEnd> poll(JobOutput output, Duration limit)
            throws IOException, InterruptedException {
        ByteBuffer bytes = pipe.read();
        if (bytes.hasRemaining()) {
            quietSince = System.nanoTime();
            Optional<Integer> status = mark.pass(bytes, output, pipe.position());
            return status.map(
                    code -> ended(vanished ? new StageEnd.Vanished() : new StageEnd.Exited(code)));
        }
        long quiet = System.nanoTime() - quietSince;
        boolean running = isRunning();
        if (!running && quiet > LAST_WORDS.toNanos() && !markedByUs) {
            return leaderIsGone();
        }
        // A stage that just spoke is looked at often, one that has been silent for long seldom. Of
        // one that has ended the mark is on its way.
        long pause =
                running
                        ? Math.clamp(
                                quiet / 2,
                                SOONEST_LOOK.toNanos(),
                                Math.min(limit.toNanos(), SLOWEST_LOOK.toNanos()))
                        : SOONEST_LOOK.toNanos();
        if (running && child != null) {
            child.waitFor(pause);
        } else {
            Thread.sleep(Duration.ofNanos(pause));
        }
        return Optional.empty();
    }

    /**
     * Sends a signal to the stage's whole group, unless its leader was gone before we came: the
     * group's number may be another's by now.
     */
    public boolean signal(ProcessGroup.Signal signal) throws IOException {
        if (leader.pid() == 0) {
            return false;
        }
        return ProcessGroup.signal(leader.pid(), signal);
    }

    /**
     * The leader was killed and can't write its mark any more. Ours ends up behind all that its
     * group had written; with the collector gone as well, all that there is has been read.
     */
    private Optional<StageEnd> leaderIsGone() throws IOException {
        String status = lastWord();
        vanished = status.isEmpty();
        if (!pipe.isCollected()) {
            return Optional.of(
                    ended(
                            vanished
                                    ? new StageEnd.Vanished()
                                    : new StageEnd.Exited(Integer.parseInt(status))));
        }
        markedByUs = true;
        pipe.append("\0" + mark.text() + " " + (vanished ? "255" : status) + "\n");
        return Optional.empty();
    }

    private boolean isRunning() {
        return child != null ? child.isAlive() : leader.find().isPresent() && !leader.isZombie();
    }

    /**
     * The second line of the leader's file: there, a mark is on its way, or was written before the
     * leader ended.
     */
    private String lastWord() throws IOException {
        String name = script.getFileName().toString().replace(".script", ".leader");
        return OutputPipe.readIfThere(script.resolveSibling(name))
                .lines()
                .skip(1)
                .findFirst()
                .orElse("");
    }

    private StageEnd ended(StageEnd end) {
        try {
            Files.deleteIfExists(script);
        } catch (IOException e) {
            // It goes with the job's directory; that it could not go now says that the disk is in
            // trouble.
            throw new java.io.UncheckedIOException(e);
        }
        return end;
    }

    /**
     * Finds the end mark in the output, in whatever pieces it comes, and passes on all that is not
     * it.
     *
     * <p>A mark of an earlier stage is dropped: on a busy machine that stage's leader may have
     * written its own after we had written one in its place.
     */
    static final class EndMark {
        private final byte[] prefix;
        private final String nonce;
        private final String number;
        private final StringBuilder tail = new StringBuilder();
        private int matched;

        EndMark(String nonce, int number) {
            this.nonce = nonce;
            this.number = Integer.toString(number);
            prefix = ("\0" + nonce + ".").getBytes(US_ASCII);
        }

        String text() {
            return nonce + "." + number;
        }

        /**
         * The status, once the whole mark has been seen; what follows it in {@code bytes} is not
         * touched.
         *
         * @param at the place of the first byte
         */
        Optional<Integer> pass(ByteBuffer bytes, JobOutput output, OutputPipe.Position at) {
            byte[] array = bytes.array();
            int first = bytes.arrayOffset() + bytes.position();
            int base = bytes.arrayOffset();
            int start = base + bytes.position();
            int end = base + bytes.limit();
            for (int i = start; i < end; i++) {
                byte b = array[i];
                if (matched == prefix.length) {
                    if (b != '\n') {
                        tail.append((char) b);
                        continue;
                    }
                    matched = 0;
                    start = i + 1;
                    Optional<Integer> status = status();
                    tail.setLength(0);
                    if (status.isPresent()) {
                        bytes.position(start - base);
                        return status;
                    }
                } else if (b == prefix[matched]) {
                    if (matched == 0 && i > start) {
                        output.write(array, start, i - start, at.plus(i - first));
                    }
                    matched++;
                    start = i + 1;
                } else if (matched > 0) {
                    // The prefix's first byte stands nowhere else in it: a failed match can only
                    // begin anew here.
                    output.write(prefix, 0, matched, at.plus(i - first));
                    matched = 0;
                    start = i;
                    i--;
                }
            }
            if (matched == 0 && end > start) {
                output.write(array, start, end - start, at.plus(end - first));
            }
            bytes.position(end - base);
            return Optional.empty();
        }

        /** The status in a mark whose tail is complete; empty if it is another stage's. */
        private Optional<Integer> status() {
            int space = tail.indexOf(" ");
            return tail.substring(0, space).equals(number)
                    ? Optional.of(Integer.parseInt(tail.substring(space + 1)))
                    : Optional.empty();
        }
    }
}
