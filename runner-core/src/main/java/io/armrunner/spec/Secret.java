package io.armrunner.spec;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import org.jspecify.annotations.Nullable;

/**
 * A token or another value that must never be seen: printing one gives {@code [MASKED]}.
 *
 * <p>Only the code that puts the value on the wire, or into the masks, calls {@link #value()}.
 * Immutable.
 */
public final class Secret {
    /** The absent secret. */
    public static final Secret NONE = new Secret("");

    private final String value;

    private Secret(String value) {
        this.value = value;
    }

    /** A secret of this value; {@code null} is the absent one. */
    @JsonCreator
    public static Secret of(@Nullable String value) {
        return value == null || value.isEmpty() ? NONE : new Secret(value);
    }

    /** The value in clear. Call it where the value is used, never to keep or to print it. */
    @JsonValue
    public String value() {
        return value;
    }

    /** Whether there is nothing to hide. */
    public boolean isEmpty() {
        return value.isEmpty();
    }

    /**
     * The part that GitLab itself shows of a token: nine characters after the prefix, as {@code
     * CI_RUNNER_SHORT_TOKEN} has it (runner-protocol §1.2, job-semantics §2.2).
     */
    public String shortForm() {
        String rest = value;
        rest = rest.replaceFirst("^glrt-(t[0-9]_)?|^t[0-9]_|^glrtr-", "");
        rest = rest.replaceFirst("^glcbt-", "");
        rest = rest.replaceFirst("^GR[0-9a-fA-F]{7}", "");
        return rest.length() <= 9 ? rest : rest.substring(0, 9);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Secret secret && secret.value.equals(value);
    }

    @Override
    public int hashCode() {
        return value.hashCode();
    }

    @Override
    public String toString() {
        return value.isEmpty() ? "" : "[MASKED]";
    }
}
