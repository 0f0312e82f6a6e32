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
        /** The value cannot be used, and so neither can the file. */
        WRONG(""),
        /** The service does without this part of the file. */
        LEFT_OUT(""),
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
     * @param column where in the line, counted from 1, 0 when it is not known
     * @param hint what is wrong or what to do about it; empty when the kind says it all
     * @param nearest what was probably meant
     */
    public record Warning(
            Kind kind,
            String key,
            int line,
            int column,
            Optional<String> hint,
            Optional<String> nearest) {
        /** What is wrong, after the key: {@code is not a known key}. */
        public String message() {
            StringBuilder text = new StringBuilder(kind.text);
            hint.ifPresent(words -> text.append(kind.text.isEmpty() ? "" : ", ").append(words));
            nearest.ifPresent(words -> text.append(", did you mean ").append(words).append('?'));
            return text.toString();
        }

        /** One line for a human. */
        public String text() {
            return (line > 0 ? "line " + line + ": " : "") + key + " " + message();
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
