package io.armrunner.variables;

import java.util.Optional;

/** The words that GitLab Runner takes for a truth value (job-semantics, conventions). */
public final class GoBool {
    private GoBool() {}

    /**
     * The value of {@code text}; empty for any other word, {@code yes} and {@code on} among them.
     */
    public static Optional<Boolean> parse(String text) {
        return switch (text) {
            case "1", "t", "T", "TRUE", "true", "True" -> Optional.of(true);
            case "0", "f", "F", "FALSE", "false", "False" -> Optional.of(false);
            default -> Optional.empty();
        };
    }
}
