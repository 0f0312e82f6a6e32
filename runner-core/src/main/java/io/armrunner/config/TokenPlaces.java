package io.armrunner.config;

import io.armrunner.spec.Secret;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** The places on this machine and beyond where tokens are. Holds no state. */
final class TokenPlaces implements TokenReader {
    private static final String CREDENTIALS = "CREDENTIALS_DIRECTORY";
    // A token is some 30 characters; a job token's JWT would be some thousand.
    private static final long LONGEST = 16_384;

    private final Map<String, String> environment;
    private final ParameterStore parameters;

    /**
     * @param environment for systemd's {@code CREDENTIALS_DIRECTORY}
     */
    TokenPlaces(Map<String, String> environment, ParameterStore parameters) {
        this.environment = environment;
        this.parameters = parameters;
    }

    @Override
    public Secret token(TokenSource.Elsewhere source) throws IOException {
        return switch (source) {
            case TokenSource.InFile(Path file) -> read(file);
            case TokenSource.Credential credential -> {
                Path file =
                        file(credential)
                                .orElseThrow(() ->
                                        new IOException(
                                                "needs systemd, which did not set $"
                                                        + CREDENTIALS
                                                        + "; write LoadCredential="
                                                        + credential.name()
                                                        + ":/path/of/token into the unit"));
                yield read(file);
            }
            case TokenSource.Parameter(String name) -> parameter(name);
        };
    }

    /** The file to watch for another token, where it is one. */
    Optional<Path> file(TokenSource source) {
        return switch (source) {
            case TokenSource.InFile(Path file) -> Optional.of(file);
            case TokenSource.Credential(String name) ->
                    Optional.ofNullable(environment.get(CREDENTIALS))
                            .map(directory -> Path.of(directory).resolve(name));
            case TokenSource.InConfig _, TokenSource.Parameter _ -> Optional.empty();
        };
    }

    private Secret parameter(String name) throws IOException {
        try {
            return alone(parameters.parameter(name).value(), "the parameter " + name);
        } catch (IOException e) {
            throw new IOException(
                    "names the parameter %s, which could not be read: %s"
                            .formatted(name, Failures.text(e)),
                    e);
        }
    }

    private static Secret read(Path file) throws IOException {
        try {
            if (Files.size(file) > LONGEST) {
                throw new IOException("it is too long for a token");
            }
            return alone(Files.readString(file, StandardCharsets.UTF_8), file.toString());
        } catch (NoSuchFileException e) {
            throw new IOException("names " + file + ", where there is no file", e);
        } catch (IOException e) {
            throw new IOException(
                    "names %s, which could not be read: %s".formatted(file, Failures.text(e)), e);
        }
    }

    private static Secret alone(String text, String where) throws IOException {
        String token = text.strip();
        if (token.isEmpty()) {
            throw new IOException(where + " is empty");
        }
        if (token.chars().anyMatch(Character::isWhitespace)) {
            throw new IOException(where + " holds more than a token");
        }
        return Secret.of(token);
    }
}
