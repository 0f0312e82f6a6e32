package io.armrunner.manager;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The jobs that this process has accepted and not yet delivered: one directory each, 0700, which
 * holds all that must outlive the process. Thread-safe; a job's directory is its own thread's.
 */
public final class Journal {
    private static final Set<StandardOpenOption> NEW =
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);

    private final Path root;

    /** A journal in {@code root}, which is made with mode 0700 if it is missing. */
    public Journal(Path root) throws IOException {
        this.root = root;
        Files.createDirectories(
                root,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    /** Where the jobs' directories are. */
    Path root() {
        return root;
    }

    /**
     * Notes that a job was accepted; it is on the disk when this returns.
     *
     * @param runner short form of the runner's token: job ids are unique only within one GitLab
     * @param payload as it came
     * @return the job's directory
     */
    public Path accepted(String runner, long job, byte[] payload) throws IOException {
        Path directory = root.resolve(runner + "." + job);
        // GitLab hands a job out once. What is left of one with this number was given up long ago.
        delete(directory);
        Files.createDirectory(
                directory,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path aside = directory.resolve("payload.new");
        try (FileChannel file =
                FileChannel.open(
                        aside,
                        NEW,
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer bytes = ByteBuffer.wrap(payload);
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
            file.force(true);
        }
        Files.move(aside, directory.resolve("payload.json"), StandardCopyOption.ATOMIC_MOVE);
        return directory;
    }

    /** The job was delivered: nothing of it is kept. */
    public void delivered(Path directory) throws IOException {
        delete(directory);
    }

    private static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path path : (Iterable<Path>) files.sorted(Comparator.reverseOrder())::iterator) {
                Files.deleteIfExists(path);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
