package io.armrunner.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What tells one manager of a runner from the others: {@code s_} or {@code r_} and twelve letters
 * or digits (runner-protocol §1.4).
 *
 * <p>Kept in a file beside the configuration, so that a restart is the same manager; survives a new
 * token.
 */
public record SystemId(String value) {
    /** The file's name, in the directory of the configuration file. */
    public static final String FILE = ".runner_system_id";

    /** Where Linux keeps the identity of a machine. */
    public static final List<Path> MACHINE_IDS =
            List.of(Path.of("/var/lib/dbus/machine-id"), Path.of("/etc/machine-id"));

    private static final Logger LOG = LoggerFactory.getLogger(SystemId.class);
    private static final int LENGTH = 12;
    private static final String LETTERS =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    // Not GitLab Runner's: both may serve one token on one machine, and are two managers then.
    private static final byte[] MESSAGE = "armrunner".getBytes(UTF_8);
    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rw-------");
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY_DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    public SystemId {
        if (!isWellFormed(value)) {
            throw new IllegalArgumentException(
                    "a system id is s_ or r_ and 12 letters or digits, not '%s'".formatted(value));
        }
    }

    /**
     * Reads the identity, or makes one and keeps it. Always gives one: a directory that cannot be
     * written to is a warning in the log. Called once at start, by any thread.
     *
     * @param directory that of the configuration file; made when it is missing
     * @param machineIds usually {@link #MACHINE_IDS}; without any of these files the identity is
     *     random
     */
    public static SystemId load(Path directory, List<Path> machineIds, RandomGenerator random) {
        Path file = directory.resolve(FILE);
        Optional<SystemId> kept = read(file);
        if (kept.isPresent()) {
            return kept.get();
        }
        SystemId made =
                machineId(machineIds).map(SystemId::ofMachine).orElseGet(() -> random(random));
        try {
            keep(made, file);
        } catch (IOException e) {
            LOG.warn(
                    "system-id.not-kept file={} system_id={} cause=\"{}\" effect=\"the next start may count as another manager\"",
                    file,
                    made.value(),
                    e.toString());
        }
        return made;
    }

    static boolean isWellFormed(String text) {
        if (text.length() != 2 + LENGTH || !(text.startsWith("s_") || text.startsWith("r_"))) {
            return false;
        }
        for (int i = 2; i < text.length(); i++) {
            if (LETTERS.indexOf(text.charAt(i)) < 0) {
                return false;
            }
        }
        return true;
    }

    private static Optional<SystemId> read(Path file) {
        try {
            // As bytes: a broken file need not be text.
            String text = new String(Files.readAllBytes(file), UTF_8).strip();
            if (isWellFormed(text)) {
                return Optional.of(new SystemId(text));
            }
            LOG.warn("system-id.malformed file={} effect=\"it is replaced\"", file);
        } catch (NoSuchFileException e) {
            LOG.debug("system-id.missing file={}", file);
        } catch (IOException e) {
            LOG.warn("system-id.unreadable file={} cause=\"{}\"", file, e.toString());
        }
        return Optional.empty();
    }

    private static Optional<String> machineId(List<Path> files) {
        for (Path file : files) {
            try {
                String text = Files.readString(file).strip();
                if (!text.isEmpty()) {
                    return Optional.of(text);
                }
            } catch (IOException e) {
                LOG.debug("system-id.no-machine-id file={} cause=\"{}\"", file, e.toString());
            }
        }
        return Optional.empty();
    }

    private static SystemId ofMachine(String machineId) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(machineId.getBytes(UTF_8), "HmacSHA256"));
            String hex = HexFormat.of().formatHex(mac.doFinal(MESSAGE));
            return new SystemId("s_" + hex.substring(0, LENGTH));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java runtime has HmacSHA256", e);
        }
    }

    private static SystemId random(RandomGenerator random) {
        StringBuilder id = new StringBuilder("r_");
        for (int i = 0; i < LENGTH; i++) {
            id.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
        }
        return new SystemId(id.toString());
    }

    private static void keep(SystemId id, Path file) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        if (directory != null && !Files.isDirectory(directory)) {
            Files.createDirectories(directory, OWNER_ONLY_DIRECTORY);
        }
        Path aside = file.resolveSibling(FILE + ".new");
        Files.deleteIfExists(aside);
        try (FileChannel channel =
                FileChannel.open(
                        aside,
                        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(OWNER_ONLY))) {
            ByteBuffer bytes = ByteBuffer.wrap(id.value().getBytes(UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
