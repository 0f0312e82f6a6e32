package io.armrunner.config;

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
        ObjectNode tree = parse(text, origin);
        TomlOutline outline = TomlOutline.of(text);
        KeyCheck check = new KeyCheck(origin, outline);
        Settings settings = new Settings(check.table("", "", tree));
        Config config = new ConfigAssembly(check, environment).config(settings);
        return new LoadedConfig(config, check.warnings());
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
            int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
            String what =
                    e.getOriginalMessage()
                            .lines()
                            .findFirst()
                            .orElse("")
                            .replaceAll("[(:].*", "")
                            .strip();
            throw new ConfigException(
                    origin
                            + (line > 0 ? ":" + line : "")
                            + ": is not valid TOML: "
                            + what
                            + ". Strings need quotes, and each key stands once in its table.");
        }
    }
}
