package io.armrunner.config;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import java.util.Map;

/** Text to configuration: a pure function of the text and the environment. */
public final class ConfigReader {
    private static final TomlMapper TOML = new TomlMapper();

    private ConfigReader() {}

    /**
     * Reads a configuration.
     *
     * @param text what is in the file
     * @param origin what to call the file in an error
     * @param environment for {@code $NAME} in {@code url} and {@code token}
     * @throws ConfigException when the text is not TOML, a value has the wrong type or cannot be
     *     used
     */
    public static LoadedConfig read(String text, String origin, Map<String, String> environment)
            throws ConfigException {
        return read(text, origin, environment, TokenReader.NONE);
    }

    /** The same, with tokens from where the text says they are. */
    static LoadedConfig read(
            String text, String origin, Map<String, String> environment, TokenReader tokens)
            throws ConfigException {
        Draft draft = draft(text, origin, environment, tokens);
        draft.check().refuseWrong();
        return new LoadedConfig(draft.config(), draft.check().warnings());
    }

    /** What could be read of a text, and all that is to be said of it. */
    record Draft(Config config, KeyCheck check) {}

    /** Reads as far as possible; only what is no TOML at all is an exception. */
    static Draft draft(
            String text, String origin, Map<String, String> environment, TokenReader tokens)
            throws ConfigException {
        ObjectNode tree = parse(text, origin);
        KeyCheck check = new KeyCheck(origin, TomlOutline.of(text));
        Settings settings = new Settings(check.table("", "", tree));
        return new Draft(new ConfigAssembly(check, environment, tokens).config(settings), check);
    }

    /**
     * The bare tree, or an error that has the place but never quotes the text, which may hold a
     * token.
     */
    static ObjectNode parse(String text, String origin) throws ConfigException {
        try {
            JsonNode tree = TOML.readTree(text);
            return tree instanceof ObjectNode table ? table : TOML.createObjectNode();
        } catch (JsonProcessingException e) {
            JsonLocation place = e.getLocation();
            int line = place == null ? 0 : Math.max(0, place.getLineNr());
            int column = place == null ? 0 : Math.max(0, place.getColumnNr());
            String what =
                    e.getOriginalMessage()
                            .lines()
                            .findFirst()
                            .orElse("")
                            .replaceAll("[(:].*", "")
                            .strip();
            if (what.equals("Duplicate key") && line > 1 && column == 1) {
                // Noticed only after the line break.
                line--;
            }
            throw new ConfigException(
                    origin
                            + (line > 0 ? ":" + line : "")
                            + ": is not valid TOML: "
                            + what
                            + ". Strings need quotes, and each key stands once in its table.",
                    line,
                    column);
        }
    }
}
