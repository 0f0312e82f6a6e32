package io.armrunner.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.config.ConfigWarnings.Kind;
import io.armrunner.config.ConfigWarnings.Warning;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Holds a tree against {@link ConfigKeys}: gives it GitLab Runner's spelling, and collects errors
 * and remarks.
 */
final class KeyCheck {
    private final String origin;
    private final TomlOutline outline;
    private final List<Warning> warnings = new ArrayList<>();

    KeyCheck(String origin, TomlOutline outline) {
        this.origin = origin;
        this.outline = outline;
    }

    /** The table with only known keys, in the known spelling, each of the right type. */
    ObjectNode table(String pattern, String path, ObjectNode table) throws ConfigException {
        Map<String, ConfigKey> known = ConfigKeys.below(pattern);
        ObjectNode checked = JsonNodeFactory.instance.objectNode();
        for (Map.Entry<String, JsonNode> entry : table.properties()) {
            String at = path.isEmpty() ? entry.getKey() : path + "." + entry.getKey();
            ConfigKey key = known.get(ConfigKeys.lower(entry.getKey()));
            if (key == null) {
                Optional<String> nearest = ConfigKeys.nearest(pattern, entry.getKey());
                warn(Kind.UNKNOWN, at, nearest.map("did you mean %s?"::formatted));
                continue;
            }
            if (checked.has(key.name())) {
                throw error(at, "stands twice in its table, in different cases; keep one");
            }
            if (!key.hasEffect()) {
                warn(Kind.NO_EFFECT, at, Optional.empty());
            }
            checked.set(key.name(), value(key, at, entry.getValue()));
        }
        return checked;
    }

    private JsonNode value(ConfigKey key, String path, JsonNode value) throws ConfigException {
        if (key.type() == KeyType.TABLE && value instanceof ObjectNode below) {
            return table(key.path(), path, below);
        }
        if (key.type() == KeyType.TABLES && value instanceof ArrayNode array) {
            ArrayNode checked = JsonNodeFactory.instance.arrayNode();
            for (int i = 0; i < array.size(); i++) {
                String at = path + "[" + i + "]";
                if (!(array.get(i) instanceof ObjectNode element)) {
                    throw error(at, "must be a table, but is " + describe(array.get(i)));
                }
                checked.add(table(key.path(), at, element));
            }
            return checked;
        }
        if (!fits(key.type(), value)) {
            throw error(path, "must be " + key.type().text() + ", but is " + describe(value));
        }
        if (key.type() == KeyType.DURATION && value.isTextual()) {
            try {
                GoDuration.parse(value.asText());
            } catch (IllegalArgumentException e) {
                throw error(path, String.valueOf(e.getMessage()));
            }
        }
        return value;
    }

    private static boolean fits(KeyType type, JsonNode value) {
        return switch (type) {
            case STRING, SECRET -> value.isTextual();
            case INTEGER -> value.isIntegralNumber() && value.canConvertToLong();
            case BOOLEAN -> value.isBoolean();
            case DURATION ->
                    value.isTextual() || (value.isIntegralNumber() && value.canConvertToLong());
            case TIME -> isTime(value);
            case STRINGS -> value.isArray() && everyElement(value, JsonNode::isTextual);
            case STRING_OR_STRINGS ->
                    value.isTextual()
                            || (value.isArray() && everyElement(value, JsonNode::isTextual));
            case STRING_MAP -> value.isObject() && everyElement(value, JsonNode::isTextual);
            case BOOLEAN_MAP -> value.isObject() && everyElement(value, JsonNode::isBoolean);
            case TABLE, TABLES -> false;
            case FOREIGN -> true;
        };
    }

    private static boolean everyElement(
            JsonNode container, java.util.function.Predicate<JsonNode> test) {
        for (JsonNode element : container) {
            if (!test.test(element)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isTime(JsonNode value) {
        try {
            return value.isTextual()
                    && OffsetDateTime.parse(value.asText().replace(' ', 'T')) != null;
        } catch (DateTimeException e) {
            return false;
        }
    }

    private static String describe(JsonNode value) {
        return switch (value.getNodeType()) {
            case STRING -> "a string";
            case NUMBER -> value.isIntegralNumber() ? "a whole number" : "a number with a fraction";
            case BOOLEAN -> "true or false";
            case ARRAY -> "a list";
            case OBJECT -> "a table";
            case NULL, BINARY, MISSING, POJO -> "something else";
        };
    }

    /** An error at {@code path}: file, line, key, and what is wrong. */
    ConfigException error(String path, String wrong) {
        int line = outline.line(path);
        return new ConfigException(
                origin + (line > 0 ? ":" + line : "") + ": " + path + " " + wrong);
    }

    void warn(Kind kind, String path, Optional<String> hint) {
        warnings.add(new Warning(kind, path, outline.line(path), hint));
    }

    ConfigWarnings warnings() {
        return new ConfigWarnings(
                warnings.stream().sorted(Comparator.comparingInt(Warning::line)).toList());
    }
}
