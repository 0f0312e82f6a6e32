package io.armrunner.engine;

import io.armrunner.spec.Variable;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The secrets that a job was begun with, in its own directory, for a process that takes the job up:
 * the server may have other values by then, or none for a token that has ended, and the log must
 * never show those that the job has. Readable by the owner only and gone with the directory, as the
 * payload is. Used by the job's thread.
 */
final class SavedSecrets {
    private static final Set<StandardOpenOption> NEW =
            Set.of(
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE);

    private final Path file;

    SavedSecrets(Path directory) {
        file = directory.resolve("secrets.json");
    }

    /** Keeps them; they are on the disk when this returns. */
    void write(List<Variable> secrets) throws IOException {
        Path aside = file.resolveSibling("secrets.new");
        try (FileChannel channel =
                FileChannel.open(
                        aside,
                        NEW,
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer bytes = ByteBuffer.wrap(Wire.bytes(secrets));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Those that were kept; empty if the job did not come so far. */
    Optional<List<Variable>> read() throws IOException {
        return Files.exists(file)
                ? Optional.of(List.of(Wire.read(Files.readAllBytes(file), Variable[].class)))
                : Optional.empty();
    }
}
