package io.armrunner.manager;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to the jobs in a state directory: one process has it, until it closes it or ends in
 * whatever way. Two that took up the same jobs would do everything twice.
 */
public final class StateLock implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StateLock.class);
    private static final Duration LOOK = Duration.ofMillis(50);

    private final Path directory;
    private final FileChannel file;

    private StateLock(Path directory, FileChannel file) {
        this.directory = directory;
        this.file = file;
    }

    /**
     * Takes the right, waiting for a predecessor that is about to end.
     *
     * @param patience how long to wait for it
     * @throws IOException that names the other process, if it is still there then
     */
    public static StateLock take(Path directory, Duration patience)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        boolean told = false;
        while (true) {
            Optional<StateLock> lock = tryTake(directory);
            if (lock.isPresent()) {
                return lock.get();
            }
            if (System.nanoTime() > deadline) {
                throw new IOException(
                        "%s is in use by another armrunner (process %s): end that one first, or give this one another directory with its own configuration file or STATE_DIRECTORY"
                                .formatted(directory, owner(directory)));
            }
            if (!told) {
                told = true;
                LOG.info(
                        "waiting_for_predecessor pid={} state={} patience_s={}",
                        owner(directory),
                        directory,
                        patience.toSeconds());
            }
            Thread.sleep(LOOK);
        }
    }

    /** Takes the right to the first of {@code root}'s numbered directories that nobody has. */
    public static StateLock takeAny(Path root) throws IOException {
        for (int number = 0; ; number++) {
            Optional<StateLock> lock = tryTake(root.resolve("single." + number));
            if (lock.isPresent()) {
                return lock.get();
            }
        }
    }

    private static Optional<StateLock> tryTake(Path directory) throws IOException {
        Files.createDirectories(
                directory,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        FileChannel file =
                FileChannel.open(
                        path(directory),
                        Set.of(
                                StandardOpenOption.CREATE,
                                StandardOpenOption.READ,
                                StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")));
        try {
            FileLock lock = file.tryLock();
            if (lock != null) {
                file.truncate(0);
                file.write(
                        ByteBuffer.wrap(
                                Long.toString(ProcessHandle.current().pid()).getBytes(US_ASCII)));
                return Optional.of(new StateLock(directory, file));
            }
        } catch (OverlappingFileLockException _) {
            // It is this process that has it.
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
        file.close();
        return Optional.empty();
    }

    private static Path path(Path directory) {
        return directory.resolve("lock");
    }

    private static String owner(Path directory) throws IOException {
        return Files.readString(path(directory), US_ASCII);
    }

    /** The directory that it is the right to. */
    public Path directory() {
        return directory;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
