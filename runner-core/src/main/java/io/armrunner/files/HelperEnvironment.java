package io.armrunner.files;

import io.armrunner.plan.JobPlan;
import io.armrunner.variables.JobVariables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The variables that GitLab Runner's helper tool would have in its environment: those of the job,
 * and over them what its scripts left in the file {@code $GITLAB_ENV} (job-semantics §2.7).
 * Immutable.
 */
public final class HelperEnvironment {
    /** The name of the file, beside the project directory. */
    private static final String FILE = "gitlab_runner_env";

    private final JobVariables variables;
    private final Map<String, String> later;

    private HelperEnvironment(JobVariables variables, Map<String, String> later) {
        this.variables = variables;
        this.later = later;
    }

    /**
     * The variables as they are now.
     *
     * @throws IllegalArgumentException when the file has a line that no shell could export
     */
    public static HelperEnvironment of(JobPlan plan) throws IOException {
        Path file = Path.of(plan.directories().temp(), FILE);
        String text;
        try {
            text = Files.readString(file);
        } catch (NoSuchFileException e) {
            text = "";
        }
        return new HelperEnvironment(plan.variables(), parse(text));
    }

    /** Reads the file as {@code read -r} and {@code export} do; an unfinished last line is none. */
    static Map<String, String> parse(String text) {
        Map<String, String> values = new HashMap<>();
        int from = 0;
        for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
            String line = strip(text.substring(from, end));
            from = end + 1;
            int equals = line.indexOf('=');
            String name = equals < 0 ? line : line.substring(0, equals);
            if (!isIdentifier(name)) {
                throw new IllegalArgumentException(
                        "GITLAB_ENV has a line that does not begin with NAME=: `%s'. Remove it."
                                .formatted(name));
            }
            if (equals >= 0) {
                values.put(name, line.substring(equals + 1));
            }
        }
        return values;
    }

    // What a shell's IFS takes off: blanks and tabs, nothing else.
    private static String strip(String line) {
        int from = 0;
        int to = line.length();
        while (from < to && isBlank(line.charAt(from))) {
            from++;
        }
        while (to > from && isBlank(line.charAt(to - 1))) {
            to--;
        }
        return line.substring(from, to);
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    private static boolean isIdentifier(String name) {
        return !name.isEmpty()
                && !Character.isDigit(name.charAt(0))
                && name.chars()
                        .allMatch(c ->
                                c == '_'
                                        || (c >= '0' && c <= '9')
                                        || (c >= 'a' && c <= 'z')
                                        || (c >= 'A' && c <= 'Z'));
    }

    /** The value of a name; empty if it is not set. */
    public String get(String name) {
        String value = lookup(name);
        return value == null ? "" : value;
    }

    /** The value of a name, or null if it is not set. */
    private @Nullable String lookup(String name) {
        String value = later.get(name);
        if (value != null) {
            return value;
        }
        return variables.find(name).map(variables::exported).orElse(null);
    }

    /**
     * A configured text with its variables put in as a shell would.
     *
     * @throws IllegalArgumentException as {@link ShellExpansion#expand}
     */
    public String expand(String text) {
        return ShellExpansion.expand(text, this::lookup);
    }

    /** The same; a text that no shell would take is used as it is, with a warning. */
    public String expand(String text, HelperLines lines) {
        try {
            return expand(text);
        } catch (IllegalArgumentException e) {
            lines.warning(e.getMessage() + "; used as it is");
            return text;
        }
    }

    @Override
    public String toString() {
        return "HelperEnvironment" + later.keySet();
    }
}
