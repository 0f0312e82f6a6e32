package io.armrunner.manager;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Wire;
import io.armrunner.trace.LogFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jobs that were accepted and not yet delivered: one directory each, 0700, which holds all that
 * must outlive the process. Thread-safe; a job's directory is its own thread's.
 *
 * <p>A directory is a job once it has a {@code payload.json}, and none any more once its name
 * begins with a dot: both are one rename, so that whoever finds it later knows.
 */
public final class Journal {
    private static final Logger LOG = LoggerFactory.getLogger(Journal.class);

    private static final Set<StandardOpenOption> NEW =
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    private static final String PAYLOAD = "payload.json";
    private static final String RECORD = "job.json";
    private static final String TRACE = "trace";
    private static final String GONE = ".gone.";
    private static final String UNDELIVERED = ".undelivered.";

    private final Path root;

    /**
     * A job that an earlier process has accepted.
     *
     * @param directory the job's
     * @param payload as it came
     * @param record how it was to be run
     */
    record Leftover(Path directory, JobPayload payload, AcceptedJob record) {}

    /** A journal in {@code root}, which is made with mode 0700 if it is missing. */
    public Journal(Path root) throws IOException {
        this.root = root;
        Files.createDirectories(root, mode("rwx------"));
    }

    /** Where the jobs' directories are. */
    Path root() {
        return root;
    }

    /**
     * Notes that a job was accepted; it is on the disk when this returns.
     *
     * @param payload as it came
     * @param record how it will be run; the runner's short token is part of the directory's name,
     *     as job ids are unique only within one GitLab
     * @return the job's directory
     */
    Path accepted(long job, byte[] payload, AcceptedJob record) throws IOException {
        Path directory = root.resolve(record.settings().shortToken() + "." + job);
        // GitLab hands a job out once. What is left of one with this number was given up long ago.
        delete(directory);
        Files.createDirectory(directory, mode("rwx------"));
        write(directory.resolve(RECORD), record.json(), false);
        Path aside = directory.resolve("payload.new");
        write(aside, payload, true);
        Files.move(aside, directory.resolve(PAYLOAD), StandardCopyOption.ATOMIC_MOVE);
        return directory;
    }

    /**
     * Notes that a job which was already in the books has its lane now; on the disk when this
     * returns.
     */
    void placed(Path directory, AcceptedJob record) throws IOException {
        Path aside = directory.resolve("job.new");
        // Left by a process that was killed here.
        Files.deleteIfExists(aside);
        write(aside, record.json(), true);
        Files.move(aside, directory.resolve(RECORD), StandardCopyOption.ATOMIC_MOVE);
    }

    private static void write(Path path, byte[] content, boolean force) throws IOException {
        try (FileChannel file = FileChannel.open(path, NEW, mode("rw-------"))) {
            ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
            if (force) {
                file.force(true);
            }
        }
    }

    private static FileAttribute<?> mode(String text) {
        return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(text));
    }

    /**
     * The jobs of earlier processes, oldest first. What was never quite accepted, or is delivered
     * and only half deleted, is removed; what can't be read is named in the log and left.
     */
    List<Leftover> leftovers() throws IOException {
        List<Leftover> found = new ArrayList<>();
        for (Path directory : directories()) {
            String name = String.valueOf(directory.getFileName());
            if (name.startsWith(GONE)) {
                delete(directory);
            } else if (name.startsWith(UNDELIVERED)) {
                // A process that died halfway through has left more than the log.
                keepLog(directory);
            } else if (!name.startsWith(".")) {
                try {
                    found.add(read(directory));
                } catch (NoSuchFileException _) {
                    LOG.warn(
                            "job_not_accepted directory={} reason=\"the runner was killed before it had the job on the disk: GitLab ends it by its time-out\"",
                            directory);
                    delete(directory);
                } catch (JsonProcessingException e) {
                    LOG.error(
                            "job_unreadable directory={} error=\"{}\" hint=\"what lies there is not taken up; delete it when you have seen to it\"",
                            directory,
                            e.getOriginalMessage());
                }
            }
        }
        found.sort(Comparator.comparingLong(job -> job.record().acceptedAt()));
        return found;
    }

    private List<Path> directories() throws IOException {
        try (Stream<Path> all = Files.list(root)) {
            return all.filter(Files::isDirectory).toList();
        }
    }

    private static Leftover read(Path directory) throws IOException {
        return new Leftover(
                directory,
                Wire.payload(Files.readAllBytes(directory.resolve(PAYLOAD))),
                AcceptedJob.read(Files.readAllBytes(directory.resolve(RECORD))));
    }

    /** How a job is to be run. */
    static AcceptedJob record(Path directory) throws IOException {
        return AcceptedJob.read(Files.readAllBytes(directory.resolve(RECORD)));
    }

    /** A job's payload as it came. */
    static byte[] payload(Path directory) throws IOException {
        return Files.readAllBytes(directory.resolve(PAYLOAD));
    }

    /** The job was delivered: nothing of it is kept. */
    void delivered(Path directory) throws IOException {
        // A process that dies halfway through must not leave something that looks like a job.
        Path gone = directory.resolveSibling(GONE + directory.getFileName());
        delete(gone);
        Files.move(directory, gone, StandardCopyOption.ATOMIC_MOVE);
        delete(gone);
    }

    /**
     * The job will never be delivered, as its token counts no more: its log is kept for whoever
     * wants to see it, all else goes, with the secrets in it, and it is not taken up again.
     *
     * @param at when it was given up; its time until {@link #removeUndelivered} counts from here
     * @return where it is now
     */
    Path undelivered(Path directory, Instant at) throws IOException {
        Path kept = directory.resolveSibling(UNDELIVERED + directory.getFileName());
        delete(kept);
        Files.move(directory, kept, StandardCopyOption.ATOMIC_MOVE);
        keepLog(kept);
        Files.setLastModifiedTime(kept, FileTime.from(at));
        return kept;
    }

    private static void keepLog(Path undelivered) throws IOException {
        delete(undelivered, path -> !path.equals(undelivered) && !LogFile.isPart(path, TRACE));
    }

    /** Removes what is left of jobs that were given up before then. */
    void removeUndelivered(Instant before) throws IOException {
        for (Path directory : directories()) {
            if (String.valueOf(directory.getFileName()).startsWith(UNDELIVERED)
                    && Files.getLastModifiedTime(directory).toInstant().isBefore(before)) {
                delete(directory);
                LOG.info("undelivered_removed log={}", directory.resolve(TRACE));
            }
        }
    }

    private static void delete(Path directory) throws IOException {
        delete(directory, _ -> true);
    }

    private static void delete(Path directory, Predicate<Path> which) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path path :
                    (Iterable<Path>)
                            files.filter(which).sorted(Comparator.reverseOrder())::iterator) {
                Files.deleteIfExists(path);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
