package io.armrunner.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.config.ConfigWarnings.Kind;
import io.armrunner.config.ConfigWarnings.Warning;
import io.armrunner.config.TomlOutline.Place;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Holds a tree against {@link ConfigKeys}: gives it GitLab Runner's spelling, leaves out what
 * cannot be used, and collects errors and remarks. So one pass finds everything that is wrong.
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
    ObjectNode table(String pattern, String path, ObjectNode table) {
        Map<String, ConfigKey> known = ConfigKeys.below(pattern);
        ObjectNode checked = JsonNodeFactory.instance.objectNode();
        for (Map.Entry<String, JsonNode> entry : table.properties()) {
            String at = path.isEmpty() ? entry.getKey() : path + "." + entry.getKey();
            ConfigKey key = known.get(ConfigKeys.lower(entry.getKey()));
            if (key == null) {
                add(
                        Kind.UNKNOWN,
                        at,
                        Optional.empty(),
                        ConfigKeys.nearest(pattern, entry.getKey()));
                continue;
            }
            if (checked.has(key.name())) {
                wrong(at, "stands twice in its table, in different cases; keep one");
                continue;
            }
            if (!key.hasEffect()) {
                add(Kind.NO_EFFECT, at, Optional.empty(), Optional.empty());
            }
            value(key, at, entry.getValue()).ifPresent(value -> checked.set(key.name(), value));
        }
        return checked;
    }

    private Optional<JsonNode> value(ConfigKey key, String path, JsonNode value) {
        if (key.type() == KeyType.TABLE && value instanceof ObjectNode below) {
            return Optional.of(table(key.path(), path, below));
        }
        if (key.type() == KeyType.TABLES && value instanceof ArrayNode array) {
            ArrayNode checked = JsonNodeFactory.instance.arrayNode();
            for (int i = 0; i < array.size(); i++) {
                String at = path + "[" + i + "]";
                if (array.get(i) instanceof ObjectNode element) {
                    checked.add(table(key.path(), at, element));
                } else {
                    wrong(at, "must be a table, but is " + describe(array.get(i)));
                }
            }
            return Optional.of(checked);
        }
        if (!fits(key.type(), value)) {
            wrong(path, "must be " + key.type().text() + ", but is " + describe(value));
            return Optional.empty();
        }
        if (key.type() == KeyType.DURATION && value.isTextual()) {
            try {
                GoDuration.parse(value.asText());
            } catch (IllegalArgumentException e) {
                wrong(path, String.valueOf(e.getMessage()));
                return Optional.empty();
            }
        }
        return Optional.of(value);
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

    /** Whether the text has it. */
    boolean isThere(String path) {
        return outline.has(path);
    }

    /** Notes that what stands at {@code path} cannot be used. */
    void wrong(String path, String wrong) {
        add(Kind.WRONG, path, Optional.of(wrong), Optional.empty());
    }

    /** The same, with what was probably meant. */
    void wrong(String path, String wrong, Optional<String> nearest) {
        add(Kind.WRONG, path, Optional.of(wrong), nearest);
    }

    /**
     * What is wrong at {@code path}, for a reader that cannot go on without it: the rest of the
     * runner is then not looked at.
     */
    ConfigException error(String path, String wrong) {
        return new ConfigException(path, wrong);
    }

    /** Notes what such a reader threw. */
    void wrong(ConfigException thrown) {
        wrong(thrown.key(), String.valueOf(thrown.getMessage()));
    }

    /** Notes that the service does without what stands at {@code path}. */
    void leftOut(String path, String hint) {
        add(Kind.LEFT_OUT, path, Optional.of(hint), Optional.empty());
    }

    /** Notes something worth a look. */
    void doubt(String path, String hint) {
        add(Kind.DOUBTFUL, path, Optional.of(hint), Optional.empty());
    }

    private void add(Kind kind, String path, Optional<String> hint, Optional<String> nearest) {
        Place place = outline.place(path);
        warnings.add(new Warning(kind, path, place.line(), place.column(), hint, nearest));
    }

    /** The first error as an exception, which tells of the others. */
    void refuseWrong() throws ConfigException {
        List<Warning> wrong = sorted().filter(each -> each.kind() == Kind.WRONG).toList();
        if (wrong.isEmpty()) {
            return;
        }
        Warning first = wrong.getFirst();
        throw new ConfigException(
                origin
                        + (first.line() > 0 ? ":" + first.line() : "")
                        + ": "
                        + first.key()
                        + " "
                        + first.message()
                        + (wrong.size() > 1
                                ? " (and %d more, see: armrunner config lint)"
                                        .formatted(wrong.size() - 1)
                                : ""));
    }

    private Stream<Warning> sorted() {
        return warnings.stream().sorted(Comparator.comparingInt(Warning::line));
    }

    /**
     * All of it, errors as well, in the order of the file; what is wrong needs no doubt besides.
     */
    ConfigWarnings warnings() {
        Set<String> wrong =
                warnings.stream()
                        .filter(each -> each.kind() == Kind.WRONG)
                        .map(Warning::key)
                        .collect(Collectors.toSet());
        return new ConfigWarnings(
                sorted().filter(each -> each.kind() != Kind.DOUBTFUL || !wrong.contains(each.key()))
                        .toList());
    }
}
