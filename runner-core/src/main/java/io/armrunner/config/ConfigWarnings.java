package io.armrunner.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Everything in a configuration that does not do what its author may expect, in the order of the
 * file. Whoever loads a file says {@link #lines()} once, at the start and after a reload.
 */
public record ConfigWarnings(List<Warning> all) {
    public ConfigWarnings {
        all = List.copyOf(all);
    }

    /** Why a key is named. */
    public enum Kind {
        /** GitLab Runner has no such key: it may be a typing error. */
        UNKNOWN("is not a known key"),
        /** GitLab Runner has the key, armrunner does nothing with it yet. */
        NO_EFFECT("has no effect in armrunner yet"),
        /** The value was used as the file says, but it is worth a look. */
        DOUBTFUL("");

        private final String text;

        Kind(String text) {
            this.text = text;
        }
    }

    /**
     * One remark.
     *
     * @param kind why the key is named
     * @param key the path, such as {@code runners[0].docker.imgae}
     * @param line the line in the file, 0 when it is not known
     * @param hint what to do about it; empty when the kind says it all
     */
    public record Warning(Kind kind, String key, int line, Optional<String> hint) {
        /** One line for a human. */
        public String text() {
            StringBuilder text = new StringBuilder();
            if (line > 0) {
                text.append("line ").append(line).append(": ");
            }
            text.append(key);
            if (!kind.text.isEmpty()) {
                text.append(' ').append(kind.text);
            }
            hint.ifPresent(words -> text.append(kind.text.isEmpty() ? " " : ", ").append(words));
            return text.toString();
        }
    }

    /** Whether there is nothing to say. */
    public boolean isEmpty() {
        return all.isEmpty();
    }

    /** The remarks as lines for a human, never with a value of the file. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>(all.size());
        all.forEach(warning -> lines.add(warning.text()));
        return lines;
    }
}
