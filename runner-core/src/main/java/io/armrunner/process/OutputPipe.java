package io.armrunner.process;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The way of a job's output from its processes to whoever reads it, in the job's own directory: a
 * FIFO that stages write to, and the segment files that a collector fills from it.
 *
 * <p>The collector is a shell loop around {@code dd} in a session of its own; it holds the FIFO
 * open for reading and writing, so that no writer ever meets a closed pipe. It keeps at most
 * {@value #SEGMENTS} segments of {@value #SEGMENT_BLOCKS} blocks of {@value #BLOCK} bytes and then
 * waits until the oldest was deleted: a job that nobody reads stops at some 32 MB and goes on when
 * a manager is back. Not thread-safe: used by the job's thread.
 */
public final class OutputPipe implements AutoCloseable {
    static final int BLOCK = 16384;
    static final int SEGMENT_BLOCKS = 256;
    static final int SEGMENTS = 8;

    /**
     * The shell that fills the segments. A full disk makes dd fail: it is tried again, slowly. Only
     * one can make the file with its number: a manager that was killed while it started one leaves
     * it to the next manager, whose own then steps back.
     */
    private static final String COLLECTOR =
            """
            cd "$1" || exit 1
            set -C
            echo $$ >collector || exit 1
            set +C
            [ -p output ] || exit 1
            exec <>output
            n=$2
            while :; do
              dd bs=%d count=%d >>"segment.$n" 2>/dev/null || sleep 1
              n=$((n+1))
              while [ -e "segment.$((n-%d))" ]; do sleep 0.05; done
            done
            """
                    .formatted(BLOCK, SEGMENT_BLOCKS, SEGMENTS);

    /** How long a host may take to start the collector; it takes 3 ms on an idle one. */
    private static final Duration START_LIMIT = Duration.ofSeconds(30);

    private final Path directory;
    private ProcessIdentity collector;
    private final ByteBuffer buffer = ByteBuffer.allocate(BLOCK).limit(0);
    private int segment;
    private int released;
    private long consumed;
    private @Nullable FileChannel channel;

    private OutputPipe(Path directory, ProcessIdentity collector, int segment) {
        this.directory = directory;
        this.collector = collector;
        this.segment = segment;
        released = segment;
    }

    /**
     * Opens the pipe of a job that starts.
     *
     * @param directory the job's own directory, 0700
     * @param environment what the collector gets
     */
    public static OutputPipe open(Path directory, Map<String, String> environment)
            throws IOException, InterruptedException {
        return new OutputPipe(directory, collect(directory, 0, environment), 0);
    }

    /**
     * Gives the job a collector again if somebody has ended it; with no stage running nothing was
     * lost.
     *
     * @param environment what the collector gets
     */
    public void revive(Map<String, String> environment) throws IOException, InterruptedException {
        if (isCollected()) {
            return;
        }
        int next = segment;
        while (Files.exists(directory.resolve("segment." + next))) {
            next++;
        }
        Files.deleteIfExists(directory.resolve("collector"));
        collector = collect(directory, next, environment);
    }

    private static ProcessIdentity collect(
            Path directory, int segment, Map<String, String> environment)
            throws IOException, InterruptedException {
        Path fifo = directory.resolve("output");
        if (!Files.exists(fifo)) {
            Posix.library().makeFifo(fifo);
        }
        ChildProcess process =
                ChildProcess.start(
                        List.of(
                                "sh",
                                "-c",
                                COLLECTOR,
                                "armrunner-collector",
                                directory.toString(),
                                Integer.toString(segment)),
                        environment);
        Path first = directory.resolve("segment." + segment);
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        // The first segment is there once dd has been started, and with it the FIFO has its reader.
        while (!Files.exists(first)) {
            if ((!process.isAlive() && !stepsBack(directory)) || System.nanoTime() > deadline) {
                throw new IOException(
                        "Could not start the collector of a job's output in %s: is it writable, and are sh and dd installed?"
                                .formatted(directory));
            }
            Thread.sleep(Duration.ofMillis(1));
        }
        return running(directory).orElse(ProcessIdentity.GONE);
    }

    /** Whether there is another that was first, or that is about to write its number down. */
    private static boolean stepsBack(Path directory) throws IOException {
        Path claim = directory.resolve("collector");
        return Files.exists(claim) && (Files.size(claim) == 0 || running(directory).isPresent());
    }

    private static Optional<ProcessIdentity> running(Path directory) throws IOException {
        return ProcessIdentity.claimed(directory.resolve("collector"), directory.toString());
    }

    /**
     * Finds the pipe of a job that was started by a manager that is gone.
     *
     * @param from where to begin, as {@link #position} gave it
     */
    public static OutputPipe attach(Path directory, Position from) throws IOException {
        OutputPipe pipe =
                new OutputPipe(
                        directory, running(directory).orElse(ProcessIdentity.GONE), from.segment());
        pipe.consumed = from.consumed();
        pipe.open(from.offset());
        return pipe;
    }

    /**
     * A place in the output.
     *
     * @param segment number of the segment file
     * @param offset bytes of it that are read
     * @param consumed bytes read since the job began
     */
    public record Position(int segment, long offset, long consumed) {
        /** The beginning. */
        public static final Position START = new Position(0, 0, 0);

        /** The place {@code count} bytes further, in the same segment. */
        Position plus(int count) {
            return new Position(segment, offset + count, consumed + count);
        }
    }

    /** The place behind the last byte that {@link #read} gave. */
    public Position position() throws IOException {
        int waiting = buffer.remaining();
        return new Position(
                segment, channel == null ? 0 : channel.position() - waiting, consumed - waiting);
    }

    /** What a stage writes to. */
    Path fifo() {
        return directory.resolve("output");
    }

    Path directory() {
        return directory;
    }

    /**
     * The next bytes, at most {@value #BLOCK}; without any when there are none yet. The buffer is
     * used again by the next call, and what its user left in it comes again. Segments that are read
     * to their end are kept until {@link #release}.
     */
    ByteBuffer read() throws IOException {
        if (buffer.hasRemaining()) {
            return buffer;
        }
        buffer.clear();
        if (channel == null) {
            open(0);
        }
        FileChannel open = channel;
        if (open == null) {
            return buffer.flip();
        }
        int count = open.read(buffer);
        if (count <= 0 && Files.exists(directory.resolve("segment." + (segment + 1)))) {
            // The next one was begun after this one was complete, so one more look at this one sees
            // its end.
            count = open.read(buffer);
            if (count <= 0) {
                open.close();
                channel = null;
                segment++;
                open(0);
                buffer.limit(0);
                return read();
            }
        }
        if (count > 0) {
            consumed += count;
        }
        return buffer.flip();
    }

    /**
     * Deletes the segments before this place: their bytes are taken care of elsewhere, and without
     * room the job would stop.
     */
    public void release(Position done) throws IOException {
        for (; released < done.segment(); released++) {
            Files.deleteIfExists(directory.resolve("segment." + released));
        }
    }

    /** Whether the collector lives: without it nothing more comes than the segments hold. */
    boolean isCollected() {
        return collector.find().isPresent();
    }

    /** Writes a line of our own behind all that the job has written so far. */
    void append(String text) throws IOException {
        try (FileChannel out = FileChannel.open(fifo(), StandardOpenOption.WRITE)) {
            out.write(ByteBuffer.wrap(text.getBytes(US_ASCII)));
        }
    }

    private void open(long offset) throws IOException {
        try {
            channel =
                    FileChannel.open(
                                    directory.resolve("segment." + segment),
                                    StandardOpenOption.READ)
                            .position(offset);
        } catch (NoSuchFileException _) {
            channel = null; // not begun yet
        }
    }

    /**
     * Ends the collector; who still writes to the FIFO gets a broken pipe, as with any runner's job
     * that is over.
     */
    @Override
    public void close() throws IOException {
        if (channel != null) {
            channel.close();
            channel = null;
        }
        if (collector.find().isPresent()) {
            // dd sits in the group of its shell: both go, or the FIFO would keep a reader.
            ProcessGroup.signal(collector.pid(), ProcessGroup.Signal.KILL);
        }
    }

    static String readIfThere(Path file) throws IOException {
        try {
            return Files.readString(file, UTF_8);
        } catch (NoSuchFileException _) {
            return "";
        }
    }
}
