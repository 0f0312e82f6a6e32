package io.armrunner.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Where the tables and keys of a TOML text stand. The TOML reader gives values without places; this
 * gives places without values, for errors with a line and for edits that leave the rest of the text
 * alone. It expects a text that the TOML reader has accepted.
 */
final class TomlOutline {
    /**
     * One header or one {@code key = value}.
     *
     * @param path from the root, arrays with their index: {@code runners[0].docker.image}, in the
     *     file's spelling
     * @param header whether it is a {@code [table]} or {@code [[table]]}
     * @param line counted from 1
     * @param start the offset of its first character
     * @param valueStart the offset of the value; of the header's end for a header
     * @param valueEnd the offset after the value
     * @param end the offset after its last line's line break
     */
    record Item(
            String path,
            boolean header,
            int line,
            int start,
            int valueStart,
            int valueEnd,
            int end) {
        boolean within(String table) {
            return ConfigKeys.lower(path).equals(ConfigKeys.lower(table))
                    || startsWith(table + ".");
        }

        private boolean startsWith(String prefix) {
            return path.regionMatches(true, 0, prefix, 0, prefix.length());
        }
    }

    private final String text;
    private final List<Item> items = new ArrayList<>();
    private final Map<String, Item> places = new HashMap<>();
    // How many elements each array of tables has so far.
    private final Map<String, Integer> arrays = new HashMap<>();
    private String table = "";
    private int at;
    private int line = 1;

    private TomlOutline(String text) {
        this.text = text;
    }

    static TomlOutline of(String text) {
        TomlOutline outline = new TomlOutline(text);
        outline.scan();
        return outline;
    }

    List<Item> items() {
        return items;
    }

    /** A place in the text, both numbers counted from 1; zeros when it is not known. */
    record Place(int line, int column) {
        static final Place UNKNOWN = new Place(0, 0);
    }

    /** Whether the text has a key or a table of this path. */
    boolean has(String path) {
        return places.containsKey(ConfigKeys.lower(path));
    }

    /** Where the key of {@code path} stands, or the nearest table around it. */
    Place place(String path) {
        for (String around = ConfigKeys.lower(path); !around.isEmpty(); around = parent(around)) {
            Item found = places.get(around);
            if (found != null) {
                int lineStart = text.lastIndexOf('\n', found.start() - 1) + 1;
                return new Place(found.line(), found.start() - lineStart + 1);
            }
        }
        return Place.UNKNOWN;
    }

    private static String parent(String path) {
        int dot = path.lastIndexOf('.');
        return dot < 0 ? "" : path.substring(0, dot);
    }

    private void scan() {
        while (true) {
            skipBlank();
            if (at >= text.length()) {
                return;
            }
            if (text.charAt(at) == '[') {
                header();
            } else {
                keyValue();
            }
        }
    }

    private void header() {
        int start = at;
        boolean array = text.startsWith("[[", at);
        at += array ? 2 : 1;
        List<String> parts = key();
        at += array ? 2 : 1;
        int headerEnd = at;
        String path = "";
        for (int i = 0; i < parts.size(); i++) {
            path = path.isEmpty() ? parts.get(i) : path + "." + parts.get(i);
            String name = ConfigKeys.lower(path);
            if (array && i == parts.size() - 1) {
                path += "[" + (arrays.merge(name, 1, Integer::sum) - 1) + "]";
            } else if (arrays.containsKey(name)) {
                path += "[" + (arrays.getOrDefault(name, 0) - 1) + "]";
            }
        }
        table = path;
        int headerLine = line;
        restOfLine();
        add(new Item(path, true, headerLine, start, headerEnd, headerEnd, at));
    }

    private void keyValue() {
        int start = at;
        int keyLine = line;
        String name = String.join(".", key());
        at++; // the equals sign
        skipSpaces();
        int valueStart = at;
        value();
        int valueEnd = at;
        restOfLine();
        add(
                new Item(
                        table.isEmpty() ? name : table + "." + name,
                        false,
                        keyLine,
                        start,
                        valueStart,
                        valueEnd,
                        at));
    }

    private void add(Item item) {
        items.add(item);
        places.putIfAbsent(ConfigKeys.lower(item.path()), item);
    }

    /** Reads a dotted key and stands on what follows it. */
    private List<String> key() {
        List<String> parts = new ArrayList<>();
        while (at < text.length()) {
            skipSpaces();
            int start = at;
            char c = text.charAt(at);
            if (c == '"' || c == '\'') {
                string();
                parts.add(text.substring(start + 1, at - 1));
            } else {
                while (at < text.length() && " \t=.]\r\n".indexOf(text.charAt(at)) < 0) {
                    at++;
                }
                parts.add(text.substring(start, at));
            }
            skipSpaces();
            if (at >= text.length() || text.charAt(at) != '.') {
                return parts;
            }
            at++;
        }
        return parts;
    }

    private void value() {
        char c = at < text.length() ? text.charAt(at) : '\n';
        if (c == '"' || c == '\'') {
            string();
        } else if (c == '[' || c == '{') {
            brackets();
        } else {
            while (at < text.length() && "#,]}\r\n".indexOf(text.charAt(at)) < 0) {
                at++;
            }
            while (Character.isWhitespace(text.charAt(at - 1))) {
                at--;
            }
        }
    }

    private void brackets() {
        int depth = 0;
        do {
            char c = text.charAt(at);
            switch (c) {
                case '"', '\'' -> {
                    string();
                    continue;
                }
                case '#' -> {
                    skipComment();
                    continue;
                }
                case '[', '{' -> depth++;
                case ']', '}' -> depth--;
                case '\n' -> line++;
                default -> {}
            }
            at++;
        } while (depth > 0 && at < text.length());
    }

    private void string() {
        char quote = text.charAt(at);
        String three = String.valueOf(quote).repeat(3);
        boolean multiLine = text.startsWith(three, at);
        at += multiLine ? 3 : 1;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '\\' && quote == '"') {
                at++;
            } else if (multiLine ? text.startsWith(three, at) : c == quote) {
                at += multiLine ? 3 : 1;
                // Up to two quotes may stand just before the closing three.
                while (multiLine && at < text.length() && text.charAt(at) == quote) {
                    at++;
                }
                return;
            }
            if (at < text.length() && text.charAt(at) == '\n') {
                line++;
            }
            at++;
        }
    }

    private void skipBlank() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '#') {
                skipComment();
            } else if (Character.isWhitespace(c) || c == '\uFEFF') {
                line += c == '\n' ? 1 : 0;
                at++;
            } else {
                return;
            }
        }
    }

    private void restOfLine() {
        skipSpaces();
        if (at < text.length() && text.charAt(at) == '#') {
            skipComment();
        }
        if (at < text.length() && text.charAt(at) == '\r') {
            at++;
        }
        if (at < text.length() && text.charAt(at) == '\n') {
            at++;
            line++;
        }
    }

    private void skipComment() {
        while (at < text.length() && text.charAt(at) != '\n') {
            at++;
        }
    }

    private void skipSpaces() {
        while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\t')) {
            at++;
        }
    }
}
