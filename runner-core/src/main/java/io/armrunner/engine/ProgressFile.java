package io.armrunner.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.process.OutputPipe;
import io.armrunner.spec.Wire;
import io.armrunner.trace.JobLog;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The file of a job's {@link ProgressEvent}s: only ever appended to, a line each, with the state of
 * log and output at that moment.
 *
 * <p>Each line is one write, so a process that is killed leaves whole lines; what a host that went
 * down left of the last ones is cut off. Nothing is forced to the disk: the processes of the job
 * would not survive that either. Guarded by the lock of its {@link Progress}.
 */
final class ProgressFile implements AutoCloseable {
    private static final String NAME = "progress";

    /**
     * Log and output at one moment.
     *
     * @param log the log
     * @param output the place behind the last byte of the job's output that is in the log
     * @param acknowledged how many bytes of the log GitLab had, or some less
     */
    record Saved(JobLog.Snapshot log, OutputPipe.Position output, long acknowledged) {
        static final Saved NOTHING = new Saved(JobLog.Snapshot.EMPTY, OutputPipe.Position.START, 0);
    }

    /**
     * An event with its time.
     *
     * @param at in milliseconds since the epoch
     */
    record Entry(long at, ProgressEvent event) {}

    // Not a channel, which an interrupt would close.
    private final RandomAccessFile file;
    private final List<Entry> entries = new ArrayList<>();
    private Saved saved = Saved.NOTHING;

    private ProgressFile(RandomAccessFile file) {
        this.file = file;
    }

    /** Opens the file in a job's directory and reads what is in it; makes it if it is missing. */
    static ProgressFile open(Path directory) throws IOException {
        Path path = directory.resolve(NAME);
        try {
            Files.createFile(
                    path,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rw-------")));
        } catch (FileAlreadyExistsException _) {
            // Of an earlier process.
        }
        ProgressFile progress = new ProgressFile(new RandomAccessFile(path.toFile(), "rw"));
        try {
            progress.read();
        } catch (IOException | RuntimeException failure) {
            progress.close();
            throw failure;
        }
        return progress;
    }

    private void read() throws IOException {
        byte[] bytes = new byte[Math.toIntExact(file.length())];
        file.readFully(bytes);
        int start = 0;
        for (int at = 0; at < bytes.length; at++) {
            if (bytes[at] == '\n') {
                if (!line(new String(bytes, start, at - start, UTF_8))) {
                    break;
                }
                start = at + 1;
            }
        }
        file.setLength(start);
        file.seek(start);
    }

    private boolean line(String text) {
        JsonNode json;
        try {
            json = Wire.tree(text.getBytes(UTF_8));
        } catch (JsonProcessingException _) {
            return false;
        }
        Optional<ProgressEvent> event = ProgressEvent.read(json);
        if (event.isEmpty()) {
            return false;
        }
        if (!(event.get() instanceof ProgressEvent.Mark)) {
            entries.add(new Entry(json.path("at").asLong(), event.get()));
        }
        saved =
                new Saved(
                        new JobLog.Snapshot(
                                json.path("log").asLong(),
                                json.path("size").asLong(),
                                json.path("held").asText()),
                        new OutputPipe.Position(
                                json.path("segment").asInt(),
                                json.path("offset").asLong(),
                                json.path("consumed").asLong()),
                        json.path("acknowledged").asLong());
        return true;
    }

    /** What was in the file when it was opened, without the marks. */
    List<Entry> entries() {
        return List.copyOf(entries);
    }

    /** The state of the last line, or the one before anything happened. */
    Saved saved() {
        return saved;
    }

    /** Adds a line; when this fails nothing of it is left. */
    void append(long at, ProgressEvent event, Saved now) throws IOException {
        ObjectNode json =
                ProgressEvent.json(event)
                        .put("at", at)
                        .put("log", now.log().length())
                        .put("size", now.log().size())
                        .put("held", now.log().held())
                        .put("segment", now.output().segment())
                        .put("offset", now.output().offset())
                        .put("consumed", now.output().consumed())
                        .put("acknowledged", now.acknowledged());
        byte[] line = (json + "\n").getBytes(UTF_8);
        long start = file.getFilePointer();
        try {
            file.write(line);
        } catch (IOException e) {
            file.setLength(start);
            file.seek(start);
            throw e;
        }
        saved = now;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
