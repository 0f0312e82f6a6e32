package io.armrunner.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One table of the file after its keys and types were checked: reading a key that {@link
 * ConfigKeys} has with the matching method cannot fail. Keys have GitLab Runner's spelling,
 * whatever the file's was. Immutable.
 */
public final class Settings {
    /** A table that is not in the file. */
    public static final Settings EMPTY = new Settings(JsonNodeFactory.instance.objectNode());

    private final ObjectNode table;

    /** Takes over {@code table}, which nobody changes from then on. */
    Settings(ObjectNode table) {
        this.table = table;
    }

    /** Whether the file has no key in this table. */
    public boolean isEmpty() {
        return table.isEmpty();
    }

    /** Whether the file sets {@code key}. */
    public boolean has(String key) {
        return table.has(key);
    }

    /** A string; an empty one counts as not set, as it does in GitLab Runner. */
    public Optional<String> string(String key) {
        return Optional.ofNullable(table.get(key))
                .map(JsonNode::asText)
                .filter(text -> !text.isEmpty());
    }

    /** A string as {@link #string} has it, or {@code absent}. */
    public String string(String key, String absent) {
        return string(key).orElse(absent);
    }

    /** A whole number, or {@code absent}. */
    public long integer(String key, long absent) {
        JsonNode value = table.get(key);
        return value == null ? absent : value.asLong();
    }

    /** A yes or no, if the file says it. */
    public Optional<Boolean> bool(String key) {
        return Optional.ofNullable(table.get(key)).map(JsonNode::asBoolean);
    }

    /** A yes or no, or {@code absent}. */
    public boolean bool(String key, boolean absent) {
        return bool(key).orElse(absent);
    }

    /** A length of time: Go's text, or a number of nanoseconds. */
    public Optional<Duration> duration(String key) {
        return Optional.ofNullable(table.get(key)).map(Settings::duration);
    }

    static Duration duration(JsonNode value) {
        return value.isTextual()
                ? GoDuration.parse(value.asText())
                : Duration.ofNanos(value.asLong());
    }

    /** A moment; Go's zero time counts as not set. */
    public Optional<Instant> time(String key) {
        return Optional.ofNullable(table.get(key))
                .map(value -> OffsetDateTime.parse(value.asText().replace(' ', 'T')).toInstant())
                .filter(time -> time.isAfter(Instant.EPOCH));
    }

    /** A list of strings; a single string is a list of one where GitLab Runner takes both. */
    public List<String> strings(String key) {
        JsonNode value = table.get(key);
        if (value == null) {
            return List.of();
        }
        if (value.isTextual()) {
            return value.asText().isEmpty() ? List.of() : List.of(value.asText());
        }
        List<String> strings = new ArrayList<>(value.size());
        value.forEach(element -> strings.add(element.asText()));
        return List.copyOf(strings);
    }

    /** A table of strings, in the order of the file. */
    public Map<String, String> stringMap(String key) {
        Map<String, String> map = new LinkedHashMap<>();
        table(key)
                .table
                .properties()
                .forEach(entry -> map.put(entry.getKey(), entry.getValue().asText()));
        return Ordered.copyOf(map);
    }

    /** A table of yes and no, in the order of the file. */
    public Map<String, Boolean> boolMap(String key) {
        Map<String, Boolean> map = new LinkedHashMap<>();
        table(key)
                .table
                .properties()
                .forEach(entry -> map.put(entry.getKey(), entry.getValue().asBoolean()));
        return Ordered.copyOf(map);
    }

    /** A table below this one; empty when the file has none. */
    public Settings table(String key) {
        return table.get(key) instanceof ObjectNode below ? new Settings(below) : EMPTY;
    }

    /** The tables of an array below this one. */
    public List<Settings> tables(String key) {
        JsonNode value = table.get(key);
        if (value == null) {
            return List.of();
        }
        List<Settings> tables = new ArrayList<>(value.size());
        for (JsonNode element : value) {
            if (element instanceof ObjectNode below) {
                tables.add(new Settings(below));
            }
        }
        return List.copyOf(tables);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Settings settings && settings.table.equals(table);
    }

    @Override
    public int hashCode() {
        return table.hashCode();
    }

    // Tables hold passwords and tokens.
    @Override
    public String toString() {
        return "Settings"
                + List.copyOf(table.properties().stream().map(Map.Entry::getKey).toList());
    }
}
