package io.armrunner.status;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.armrunner.spec.Wire;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;

/**
 * The last {@value #MOST} ended jobs, in memory and as lines of a file that is written anew when it
 * has twice as many. Guarded by its own lock.
 */
final class History {
    /** What a person looks through. */
    static final int MOST = 100;

    private final Path file;
    private final Deque<JobRecord> jobs = new ArrayDeque<>();
    private int lines;

    private History(Path file) {
        this.file = file;
    }

    /** Those of the file, if there is one. */
    static History open(Path file) throws IOException {
        History history = new History(file);
        history.load();
        return history;
    }

    private synchronized void load() throws IOException {
        List<JobRecord> all = read(file);
        lines = all.size();
        jobs.addAll(all.subList(Math.max(0, all.size() - MOST), all.size()));
    }

    /** The jobs of a file, the oldest first; lines that are no jobs are passed over. */
    static List<JobRecord> read(Path file) throws IOException {
        if (!Files.exists(file)) {
            return List.of();
        }
        List<JobRecord> all = new ArrayList<>();
        // A crash may leave half a line, and bytes that are no UTF-8 in it.
        for (String line : new String(Files.readAllBytes(file), UTF_8).split("\n", -1)) {
            if (!line.isEmpty()) {
                try {
                    JobRecord.of(Wire.tree(line.getBytes(UTF_8))).ifPresent(all::add);
                } catch (JsonProcessingException _) {
                    // Half a line of a crash: the job is missing from the list, nothing else.
                }
            }
        }
        return all;
    }

    /** One job more, which is on its way to the disk when this returns. */
    synchronized void add(JobRecord job) throws IOException {
        jobs.addLast(job);
        if (jobs.size() > MOST) {
            jobs.removeFirst();
        }
        if (lines < 2 * MOST) {
            lines++;
            append(line(job));
        } else {
            rewrite();
            lines = jobs.size();
        }
    }

    private void append(byte[] line) throws IOException {
        if (!Files.exists(file)) {
            create(file);
        }
        Files.write(file, line, StandardOpenOption.APPEND);
    }

    private void rewrite() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (JobRecord job : jobs) {
            all.write(line(job));
        }
        Path aside = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(aside);
        create(aside);
        Files.write(aside, all.toByteArray());
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private static byte[] line(JobRecord job) {
        return (new String(Wire.bytes(job.json()), UTF_8) + "\n").getBytes(UTF_8);
    }

    static void create(Path file) throws IOException {
        Files.createFile(
                file,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }

    /** The latest first. */
    synchronized List<JobRecord> latest() {
        List<JobRecord> all = new ArrayList<>(jobs);
        Collections.reverse(all);
        return all;
    }
}
