package io.armrunner.config;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Map;
import java.util.Set;

/**
 * The file {@code config.toml} on disk. Loading takes a missing file as an empty one, as GitLab
 * Runner does; saving is atomic and leaves a file that only its owner reads. Holds no state: each
 * call goes to the disk. Two processes that edit at once do not tear the file, but the later one
 * wins.
 */
public final class ConfigFile {
    private final Path path;
    private final Map<String, String> environment;

    /**
     * @param path the file; nothing needs to exist yet
     * @param environment for {@code $NAME} in {@code url} and {@code token}
     */
    public ConfigFile(Path path, Map<String, String> environment) {
        this.path = path.toAbsolutePath().normalize();
        this.environment = Map.copyOf(environment);
    }

    /**
     * Where GitLab Runner has the file: {@code /etc/gitlab-runner} for root, else below the home
     * directory.
     */
    public static Path defaultPath(boolean root, Path home) {
        return root
                ? Path.of("/etc/gitlab-runner/config.toml")
                : home.resolve(".gitlab-runner").resolve("config.toml");
    }

    /** The file itself; the runner's id and certificates are beside it. */
    public Path path() {
        return path;
    }

    /** Reads the configuration; see {@link ConfigReader#read}. */
    public LoadedConfig load() throws ConfigException {
        return ConfigReader.read(text().text(), path.toString(), environment);
    }

    /** Reads the text for an edit. */
    public ConfigText text() throws ConfigException {
        try {
            return new ConfigText(path.toString(), Files.readString(path, StandardCharsets.UTF_8));
        } catch (NoSuchFileException e) {
            return new ConfigText(path.toString(), "");
        } catch (CharacterCodingException e) {
            throw new ConfigException(path + ": is not UTF-8 text", e);
        } catch (IOException e) {
            throw new ConfigException("Could not read " + path + ": " + Failures.text(e), e);
        }
    }

    /** When the file was last changed; the epoch when there is none. */
    public Instant modified() throws ConfigException {
        try {
            return Files.getLastModifiedTime(path).toInstant();
        } catch (NoSuchFileException e) {
            return Instant.EPOCH;
        } catch (IOException e) {
            throw new ConfigException("Could not look at " + path + ": " + Failures.text(e), e);
        }
    }

    /**
     * Replaces the file with {@code text}: mode 0600, in a directory that is made with mode 0700
     * when missing. Either the old or the new file is there after a crash.
     *
     * @throws ConfigException when the text is not valid TOML or the disk refuses; the old file is
     *     then untouched
     */
    public void save(ConfigText text) throws ConfigException {
        ConfigReader.parse(text.text(), path.toString());
        try {
            // A link to the file elsewhere stays a link: what it points at is replaced.
            Path target = Files.exists(path) ? path.toRealPath() : path;
            Path directory =
                    java.util.Objects.requireNonNull(target.getParent(), "a file has a directory");
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
                write(aside, text.text());
                move(aside, target);
            } finally {
                Files.deleteIfExists(aside);
            }
            sync(directory, Set.of(StandardOpenOption.READ));
        } catch (IOException e) {
            throw new ConfigException("Could not write " + path + ": " + Failures.text(e), e);
        }
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
