package io.armrunner.spec;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * One variable of a job (runner-protocol §3.8.5).
 *
 * @param key the name; a later variable of the same name wins
 * @param value the value as sent; see {@code raw} and {@code file}
 * @param isPublic whether service containers may see it
 * @param masked whether the log must not show its value
 * @param file whether the value goes into a file, and the job sees the file's path
 * @param raw whether {@code $X} in the value is left alone
 */
public record Variable(
        String key,
        String value,
        @JsonProperty("public") boolean isPublic,
        boolean masked,
        boolean file,
        boolean raw) {
    public Variable(
            @Nullable String key,
            @Nullable String value,
            @JsonProperty("public") boolean isPublic,
            boolean masked,
            boolean file,
            boolean raw) {
        this.key = Absent.string(key);
        this.value = Absent.string(value);
        this.isPublic = isPublic;
        this.masked = masked;
        this.file = file;
        this.raw = raw;
    }

    /** A public variable, expanded like any other. */
    public static Variable of(String key, String value) {
        return new Variable(key, value, true, false, false, false);
    }

    /** A variable whose value the log must not show. */
    public static Variable masked(String key, String value) {
        return new Variable(key, value, false, true, false, true);
    }

    /** This variable with another value. */
    public Variable withValue(String changed) {
        return new Variable(key, changed, isPublic, masked, file, raw);
    }

    @Override
    public String toString() {
        // A value never gets into a log by way of a record that holds it.
        return "Variable[" + key + "]";
    }
}
