package io.armrunner.ci;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A value of the file with its place; every value knows how many it would be written out, so that
 * aliases cannot blow it up.
 */
sealed interface Yaml {
    /**
     * More than any real file has when written out (GitLab's own limit is of bytes, not of values).
     */
    long LIMIT = 1_000_000;

    Position at();

    /** How many values it is, aliases written out. */
    long weight();

    /** What it is, for an error: {@code a list}, {@code the number 3}. */
    String describe();

    /** One value; {@code kind} is what YAML takes the text for. */
    record Scalar(String text, Kind kind, Position at) implements Yaml {
        enum Kind {
            STRING,
            INTEGER,
            FLOAT,
            BOOLEAN,
            NULL
        }

        @Override
        public long weight() {
            return 1;
        }

        boolean isNull() {
            return kind == Kind.NULL;
        }

        boolean isTrue() {
            return kind == Kind.BOOLEAN && isTruth(text);
        }

        private static boolean isTruth(String text) {
            char first = Character.toLowerCase(text.charAt(0));
            return first == 't' || first == 'y' || text.equalsIgnoreCase("on");
        }

        /**
         * The text as GitLab would write the value: {@code yes} is {@code true}, null is nothing.
         */
        String string() {
            return switch (kind) {
                case STRING -> text;
                case INTEGER -> integer(text);
                case FLOAT -> shortest(text);
                case BOOLEAN -> isTruth(text) ? "true" : "false";
                case NULL -> "";
            };
        }

        /** YAML reads {@code 0755} as octal, and GitLab writes out the number 493. */
        private static String integer(String text) {
            String digits = text.replace("_", "");
            boolean octal =
                    digits.length() > 1
                            && digits.charAt(0) == '0'
                            && digits.chars().allMatch(Character::isDigit);
            try {
                if (octal) {
                    return Long.toString(Long.parseLong(digits, 8));
                }
                return digits.startsWith("0x") ? Long.toString(Long.decode(digits)) : digits;
            } catch (NumberFormatException e) {
                // Too long for a number, or an 8 or 9 in it: GitLab leaves it a text.
                return digits;
            }
        }

        /** {@code 1.10} is the number 1.1. */
        private static String shortest(String text) {
            int end = text.length();
            int point = text.indexOf('.');
            if (point < 0 || text.indexOf('e') >= 0 || text.indexOf('E') >= 0) {
                return text;
            }
            while (end > point + 2 && text.charAt(end - 1) == '0') {
                end--;
            }
            return text.substring(0, end);
        }

        @Override
        public String describe() {
            return switch (kind) {
                case STRING ->
                        "the text \""
                                + (text.length() > 40 ? text.substring(0, 40) + "…" : text)
                                + "\"";
                case INTEGER, FLOAT -> "the number " + text;
                case BOOLEAN -> string();
                case NULL -> "empty";
            };
        }
    }

    /** A list. */
    record Sequence(List<Yaml> items, Position at, long weight) implements Yaml {
        static Sequence of(List<Yaml> items, Position at) {
            long weight = 1;
            for (Yaml item : items) {
                weight += item.weight();
            }
            return new Sequence(List.copyOf(items), at, weight);
        }

        @Override
        public String describe() {
            return "a list";
        }
    }

    /** A key with its own place and its value. */
    record Entry(Position keyAt, Yaml value) {}

    /** A mapping in the order of the file. */
    record Mapping(Map<String, Entry> entries, Position at, long weight) implements Yaml {
        static Mapping of(Map<String, Entry> entries, Position at) {
            long weight = 1;
            for (Entry entry : entries.values()) {
                weight += entry.value().weight();
            }
            return new Mapping(Collections.unmodifiableMap(entries), at, weight);
        }

        /**
         * The value of a key; null when the key is absent or its value empty, which mean the same.
         */
        @Nullable Yaml get(String key) {
            Entry entry = entries.get(key);
            return entry == null || (entry.value() instanceof Scalar s && s.isNull())
                    ? null
                    : entry.value();
        }

        /** Whether the key has a value. */
        boolean has(String key) {
            return get(key) != null;
        }

        /** This with {@code over} laid on top: mappings merge, anything else replaces. */
        Mapping merge(Mapping over) {
            Map<String, Entry> merged = new LinkedHashMap<>(entries);
            over.entries.forEach((key, entry) -> {
                Entry below = merged.get(key);
                if (below != null
                        && below.value() instanceof Mapping lower
                        && entry.value() instanceof Mapping upper) {
                    merged.put(key, new Entry(entry.keyAt(), lower.merge(upper)));
                } else {
                    merged.put(key, entry);
                }
            });
            return of(merged, over.at);
        }

        /** This without one key. */
        Mapping without(String key) {
            if (!entries.containsKey(key)) {
                return this;
            }
            Map<String, Entry> rest = new LinkedHashMap<>(entries);
            rest.remove(key);
            return of(rest, at);
        }

        @Override
        public String describe() {
            return "a mapping";
        }
    }

    /** {@code !reference [job, keyword, …]}, not yet resolved. */
    record Reference(List<String> path, Position at) implements Yaml {
        @Override
        public long weight() {
            return 1;
        }

        @Override
        public String describe() {
            return "!reference [" + String.join(", ", path) + "]";
        }
    }
}
