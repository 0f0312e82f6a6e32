package io.armrunner.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A {@code [[runners]]} entry in the making: {@code register} fills it from flags and answers, then
 * it is written as TOML that GitLab Runner reads. Keys are paths below {@code runners}, such as
 * {@code docker.image}. Not thread-safe.
 */
public final class RunnerEntry {
    private static final String ROOT = "runners";

    private final ObjectNode table = JsonNodeFactory.instance.objectNode();

    /** Sets {@code path} from words of the command line, read as the key's type wants it. */
    public void set(String path, List<String> words) throws ConfigException {
        ConfigKey key = key(path);
        parent(path).set(key.name(), read(key, words));
    }

    /** Sets {@code path} to one word; see {@link #set(String, List)}. */
    public void set(String path, String word) throws ConfigException {
        set(path, List.of(word));
    }

    /** Sets {@code path} to a moment, cut to seconds; the absent one is Go's zero time. */
    public void set(String path, Optional<Instant> time) {
        String text =
                time.map(moment -> moment.truncatedTo(ChronoUnit.SECONDS).toString())
                        .orElse("0001-01-01T00:00:00Z");
        parent(path).put(key(path).name(), text);
    }

    /** Sets GitLab's id of the runner. */
    public void setId(long id) {
        table.put("id", id);
    }

    /** The entry as it would be read from a file, or what is wrong with it. */
    public RunnerConfig asConfigured(Map<String, String> environment, TokenReader tokens)
            throws ConfigException {
        return ConfigReader.read(toml(), "the new runner", environment, tokens)
                .config()
                .runners()
                .getFirst();
    }

    /** Whether {@code path} has a value. */
    public boolean has(String path) {
        return at(path) != null;
    }

    /** The text of {@code path}, when it has one. */
    public Optional<String> text(String path) {
        return Optional.ofNullable(at(path)).map(JsonNode::asText).filter(text -> !text.isEmpty());
    }

    /** Where the token is, when the entry only points at it. */
    public Optional<TokenSource.Elsewhere> tokenPlace() {
        Optional<TokenSource.Elsewhere> file =
                text("token_file").map(name -> new TokenSource.InFile(Path.of(name)));
        return file.or(() -> text("token_credential").map(TokenSource.Credential::new))
                .or(() ->
                        text("token")
                                .filter(text -> text.startsWith(TokenSource.Parameter.PREFIX))
                                .map(text ->
                                        new TokenSource.Parameter(
                                                text.substring(
                                                        TokenSource.Parameter.PREFIX.length()))));
    }

    /**
     * Takes over what a template has and this entry has not.
     *
     * @param template the text of a file with exactly one {@code [[runners]]}
     * @param origin what to call it in an error
     */
    public void fillFrom(String template, String origin) throws ConfigException {
        KeyCheck check = new KeyCheck(origin, TomlOutline.of(template));
        ObjectNode tree = check.table("", "", ConfigReader.parse(template, origin));
        check.refuseWrong();
        JsonNode runners = tree.path(ROOT);
        if (runners.size() != 1) {
            throw new ConfigException(
                    origin
                            + ": a template must have exactly one [[runners]], but has "
                            + runners.size());
        }
        fill(table, (ObjectNode) runners.get(0));
    }

    private static void fill(ObjectNode into, ObjectNode from) {
        for (Map.Entry<String, JsonNode> entry : from.properties()) {
            JsonNode mine = into.get(entry.getKey());
            if (mine == null) {
                into.set(entry.getKey(), entry.getValue().deepCopy());
            } else if (mine instanceof ObjectNode table
                    && entry.getValue() instanceof ObjectNode other) {
                fill(table, other);
            }
        }
    }

    /** The entry as a {@code [[runners]]} block. */
    String toml() {
        StringBuilder toml = new StringBuilder("[[runners]]\n");
        TomlWriter.table(toml, ROOT, table, 1);
        return toml.toString();
    }

    List<String> ownKeys() {
        List<String> keys = new ArrayList<>();
        table.properties().stream()
                .filter(entry -> !entry.getValue().isObject())
                .forEach(e -> keys.add(e.getKey()));
        return keys;
    }

    /** The value at {@code path} as TOML. */
    Optional<String> valueOf(String path) {
        if (ConfigKeys.at(ROOT + "." + path).isEmpty()) {
            return Optional.empty();
        }
        JsonNode value = at(path);
        return value == null || value.isObject()
                ? Optional.empty()
                : Optional.of(TomlWriter.value(key(path).type(), value));
    }

    private @org.jspecify.annotations.Nullable JsonNode at(String path) {
        JsonNode value = table;
        for (String part :
                ConfigKeys.lower(key(path).path()).substring(ROOT.length() + 1).split("\\.", -1)) {
            JsonNode below = null;
            for (Map.Entry<String, JsonNode> entry : value.properties()) {
                below = entry.getKey().equalsIgnoreCase(part) ? entry.getValue() : below;
            }
            if (below == null) {
                return null;
            }
            value = below;
        }
        return value;
    }

    private ObjectNode parent(String path) {
        ConfigKey key = key(path);
        ObjectNode parent = table;
        String[] parts = key.path().split("\\.", -1);
        for (int i = 1; i < parts.length - 1; i++) {
            parent = parent.withObjectProperty(parts[i]);
        }
        return parent;
    }

    private static ConfigKey key(String path) {
        return ConfigKeys.at(ROOT + "." + path)
                .orElseThrow(() -> new IllegalArgumentException("no such key: runners." + path));
    }

    private static JsonNode read(ConfigKey key, List<String> words) throws ConfigException {
        String word = words.getLast();
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        return switch (key.type()) {
            case STRING, SECRET -> nodes.textNode(word);
            case INTEGER -> {
                try {
                    yield nodes.numberNode(Long.parseLong(word));
                } catch (NumberFormatException e) {
                    throw wrong(key, word);
                }
            }
            case BOOLEAN -> nodes.booleanNode(bool(key, word));
            case DURATION -> {
                try {
                    GoDuration.parse(word);
                    yield nodes.textNode(word);
                } catch (IllegalArgumentException e) {
                    throw wrong(key, word);
                }
            }
            case STRINGS, STRING_OR_STRINGS -> {
                ArrayNode array = nodes.arrayNode();
                words.forEach(array::add);
                yield array;
            }
            case STRING_MAP, BOOLEAN_MAP -> {
                ObjectNode map = nodes.objectNode();
                for (String pair : words) {
                    int sign = pair.indexOf('=') < 0 ? pair.indexOf(':') : pair.indexOf('=');
                    if (sign <= 0) {
                        throw new ConfigException(
                                "%s must be KEY=VALUE, but is \"%s\"".formatted(key.path(), pair));
                    }
                    String value = pair.substring(sign + 1);
                    if (key.type() == KeyType.STRING_MAP) {
                        map.put(pair.substring(0, sign), value);
                    } else {
                        map.put(pair.substring(0, sign), bool(key, value));
                    }
                }
                yield map;
            }
            case TIME, TABLE, TABLES, FOREIGN ->
                    throw new IllegalArgumentException(key.path() + " cannot be given in words");
        };
    }

    private static boolean bool(ConfigKey key, String word) throws ConfigException {
        return switch (word.toLowerCase(Locale.ROOT)) {
            case "true", "t", "1" -> true;
            case "false", "f", "0" -> false;
            default -> throw wrong(key, word);
        };
    }

    private static ConfigException wrong(ConfigKey key, String word) {
        return new ConfigException(
                "%s must be %s, but is \"%s\"".formatted(key.path(), key.type().text(), word));
    }
}
