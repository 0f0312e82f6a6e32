package io.armrunner.shell;

import java.util.List;

/**
 * Collects the lines of a script for a POSIX shell. Not thread-safe; made and used by one method.
 */
public final class ShellText {
    /** Bold green, as GitLab Runner writes its notices in scripts. */
    private static final String NOTICE = "\u001b[32;1m";

    private static final String WARNING = "\u001b[0;33m";
    private static final String RESET = "\u001b[0;m";

    private final StringBuilder text = new StringBuilder(4096);

    /** Adds a line of shell code as it is. */
    public ShellText line(String code) {
        text.append(code).append('\n');
        return this;
    }

    /** Adds a command, each word quoted. */
    public ShellText command(String... words) {
        return command(List.of(words));
    }

    /** Adds a command, each word quoted. */
    public ShellText command(List<String> words) {
        return line(words(words));
    }

    /** Adds a line that prints {@code message} in bold green. */
    public ShellText notice(String message) {
        return print(NOTICE + message + RESET);
    }

    /** Adds a line that prints {@code message} in yellow. */
    public ShellText warning(String message) {
        return print(WARNING + message + RESET);
    }

    /**
     * Adds a line that prints {@code message} and a newline; {@code echo} would read backslashes in
     * some shells.
     */
    public ShellText print(String message) {
        return line("printf '%s\\n' " + quote(message));
    }

    /** The words of a command, quoted and separated by blanks. */
    public static String words(List<String> words) {
        StringBuilder line = new StringBuilder();
        for (String word : words) {
            line.append(line.isEmpty() ? "" : " ").append(quote(word));
        }
        return line.toString();
    }

    /**
     * {@code value} as one word that the shell leaves alone, in single quotes unless no character
     * needs them.
     */
    public static String quote(String value) {
        if (isPlain(value)) {
            return value;
        }
        StringBuilder quoted = new StringBuilder(value.length() + 16).append('\'');
        int done = 0;
        for (int at = value.indexOf('\''); at >= 0; at = value.indexOf('\'', done)) {
            quoted.append(value, done, at).append("'\\''");
            done = at + 1;
        }
        return quoted.append(value, done, value.length()).append('\'').toString();
    }

    /** Whether {@code name} can be the name of a shell variable. */
    public static boolean isIdentifier(String name) {
        if (name.isEmpty() || (name.charAt(0) >= '0' && name.charAt(0) <= '9')) {
            return false;
        }
        for (int i = 0; i < name.length(); i++) {
            if (!isLetterOrDigit(name.charAt(i)) && name.charAt(i) != '_') {
                return false;
            }
        }
        return true;
    }

    private static boolean isPlain(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (!isLetterOrDigit(c) && "_-./:@%+,".indexOf(c) < 0) {
                return false;
            }
        }
        return !value.isEmpty();
    }

    private static boolean isLetterOrDigit(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }

    /** The lines so far. */
    @Override
    public String toString() {
        return text.toString();
    }
}
