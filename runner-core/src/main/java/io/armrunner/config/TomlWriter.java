package io.armrunner.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/**
 * Writes tables in GitLab Runner's layout: values first, then the tables below, two spaces deeper
 * each.
 */
final class TomlWriter {
    private TomlWriter() {}

    /** Appends what is in {@code table}; its header is the caller's. */
    static void table(StringBuilder toml, String path, ObjectNode table, int depth) {
        String indent = "  ".repeat(depth);
        List<Map.Entry<String, JsonNode>> entries = inOrder(path, table);
        for (Map.Entry<String, JsonNode> entry : entries) {
            if (!isTable(entry.getValue())) {
                KeyType type =
                        ConfigKeys.at(path + "." + entry.getKey())
                                .map(ConfigKey::type)
                                .orElse(KeyType.STRING);
                toml.append(indent).append(key(entry.getKey())).append(" = ");
                toml.append(value(type, entry.getValue())).append('\n');
            }
        }
        for (Map.Entry<String, JsonNode> entry : entries) {
            String below = path + "." + key(entry.getKey());
            if (entry.getValue() instanceof ObjectNode child) {
                toml.append(indent).append('[').append(below).append("]\n");
                table(toml, below, child, depth + 1);
            } else if (isTable(entry.getValue())) {
                for (JsonNode child : entry.getValue()) {
                    toml.append(indent).append("[[").append(below).append("]]\n");
                    table(toml, below, (ObjectNode) child, depth + 1);
                }
            }
        }
    }

    /** The entries in the order of the table of keys, whatever order they were set in. */
    private static List<Map.Entry<String, JsonNode>> inOrder(String path, ObjectNode table) {
        List<String> order = List.copyOf(ConfigKeys.below(path).keySet());
        return table.properties().stream()
                .sorted(
                        Comparator.comparingInt(
                                entry -> order.indexOf(ConfigKeys.lower(entry.getKey()))))
                .toList();
    }

    private static boolean isTable(JsonNode value) {
        return value.isObject() || (value.isArray() && !value.isEmpty() && value.get(0).isObject());
    }

    /** One value. Times are written bare, as TOML has a type for them. */
    static String value(KeyType type, JsonNode value) {
        if (value.isTextual()) {
            return type == KeyType.TIME ? value.asText() : quoted(value.asText());
        }
        if (value.isArray()) {
            StringJoiner array = new StringJoiner(", ", "[", "]");
            value.forEach(element -> array.add(value(KeyType.STRING, element)));
            return array.toString();
        }
        return value.asText();
    }

    private static String key(String name) {
        boolean bare =
                !name.isEmpty()
                        && name.chars()
                                .allMatch(c ->
                                        c == '_'
                                                || c == '-'
                                                || (c >= '0' && c <= '9')
                                                || (c >= 'A' && c <= 'Z')
                                                || (c >= 'a' && c <= 'z'));
        return bare ? name : quoted(name);
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> quoted.append("\\\"");
                case '\\' -> quoted.append("\\\\");
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                default -> {
                    if (c < 0x20 || c == 0x7f) {
                        quoted.append("\\u%04x".formatted((int) c));
                    } else {
                        quoted.append(c);
                    }
                }
            }
        }
        return quoted.append('"').toString();
    }
}
