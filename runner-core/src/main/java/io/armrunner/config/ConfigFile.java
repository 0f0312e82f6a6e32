package io.armrunner.config;

import io.armrunner.spec.Secret;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashSet;
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
    private final TokenPlaces places;

    /** A file whose tokens are all on this machine. */
    public ConfigFile(Path path, Map<String, String> environment) {
        this(path, environment, TokenReader.ParameterStore.NONE);
    }

    /**
     * @param path the file; nothing needs to exist yet
     * @param environment for {@code $NAME} in {@code url} and {@code token}, and systemd's place
     *     for credentials
     * @param parameters for tokens in AWS Systems Manager
     */
    public ConfigFile(
            Path path, Map<String, String> environment, TokenReader.ParameterStore parameters) {
        this.path = path.toAbsolutePath().normalize();
        this.environment = Map.copyOf(environment);
        places = new TokenPlaces(this.environment, parameters);
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
        return ConfigReader.read(text().text(), path.toString(), environment, places);
    }

    /** What fetches the tokens that are not in the file. */
    public TokenReader tokens() {
        return places;
    }

    /** The files that {@link #load} depends on: this one, and those that hold tokens. */
    public Set<Path> files(Config loaded) {
        Set<Path> files = new LinkedHashSet<>();
        files.add(path);
        loaded.runners().forEach(runner -> places.file(runner.tokenSource()).ifPresent(files::add));
        return files;
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
            OwnersFile.replace(path, text.text());
        } catch (IOException e) {
            throw new ConfigException("Could not write " + path + ": " + Failures.text(e), e);
        }
    }

    /**
     * Replaces the token in the file that an entry names, as {@link #save} does with the
     * configuration.
     */
    public void saveToken(TokenSource.InFile place, Secret token) throws ConfigException {
        try {
            OwnersFile.replace(place.file(), token.value() + "\n");
        } catch (IOException e) {
            throw new ConfigException(
                    "Could not write " + place.file() + ": " + Failures.text(e), e);
        }
    }
}
