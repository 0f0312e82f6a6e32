package io.armrunner.config;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;

/** Files that only their owner reads. */
final class OwnersFile {
    private OwnersFile() {}

    /**
     * Replaces {@code path}: mode 0600, in a directory that is made with mode 0700 when missing.
     * Either the old or the new file is there after a crash.
     */
    static void replace(Path path, String text) throws IOException {
        // A link to the file elsewhere stays a link: what it points at is replaced.
        Path target = Files.exists(path) ? path.toRealPath() : path.toAbsolutePath();
        Path directory = Objects.requireNonNull(target.getParent(), "a file has a directory");
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(
                    directory,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        }
        Path aside =
                Files.createTempFile(
                        directory,
                        ".config-",
                        ".toml",
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")));
        try {
            write(aside, text);
            move(aside, target);
        } finally {
            Files.deleteIfExists(aside);
        }
        sync(directory, Set.of(StandardOpenOption.READ));
    }

    private static void write(Path file, String text) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(
                    from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            throw new IOException("its file system cannot replace a file in one step", e);
        }
    }

    private static void sync(Path directory, Set<StandardOpenOption> options) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, options)) {
            channel.force(true);
        }
    }
}
