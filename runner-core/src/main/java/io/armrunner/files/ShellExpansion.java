package io.armrunner.files;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Puts variables into a configured text as a shell does between double quotes, without running
 * anything (job-semantics §2.3): {@code $X}, {@code ${X}}, {@code ${X:-y}} and its kin, {@code
 * ${#X}}, {@code ${X#a}}, {@code ${X%a}}, {@code ${X/a/b}}, {@code ${X:1:2}}, {@code ${X^^}}. Pure.
 */
public final class ShellExpansion {
    private final String text;
    private final Function<String, @Nullable String> variables;
    private int at;

    private ShellExpansion(String text, Function<String, @Nullable String> variables) {
        this.text = text;
        this.variables = variables;
    }

    /**
     * The text with its variables put in; a variable that is not set is empty.
     *
     * @param variables the value of a name, or null for one that is not set
     * @throws IllegalArgumentException when a brace is not closed, a command is to be run, or
     *     {@code ${X:?why}} has nothing to give
     */
    public static String expand(String text, Function<String, @Nullable String> variables) {
        if (text.indexOf('$') < 0 && text.indexOf('\\') < 0 && text.indexOf('`') < 0) {
            return text;
        }
        return new ShellExpansion(text, variables).until(false);
    }

    private String until(boolean inBraces) {
        StringBuilder out = new StringBuilder(text.length() + 32);
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '}' && inBraces) {
                break;
            }
            at++;
            switch (c) {
                case '\\' -> escaped(out, inBraces);
                case '`' -> throw new IllegalArgumentException(text + ": no command is run here");
                case '$' -> dollar(out);
                default -> out.append(c);
            }
        }
        return out.toString();
    }

    private void escaped(StringBuilder out, boolean inBraces) {
        if (at < text.length()) {
            char c = text.charAt(at);
            if (c == '$' || c == '`' || c == '\\' || (c == '}' && inBraces)) {
                out.append(c);
                at++;
                return;
            }
        }
        out.append('\\');
    }

    private void dollar(StringBuilder out) {
        if (at == text.length()) {
            out.append('$');
            return;
        }
        char c = text.charAt(at);
        if (c == '{') {
            at++;
            out.append(braced());
        } else if (c == '(') {
            throw new IllegalArgumentException(text + ": no command is run here");
        } else if (isNameStart(c)) {
            out.append(value(name()));
        } else if ((c >= '0' && c <= '9') || "*#@!?-$".indexOf(c) >= 0) {
            // A parameter of a shell that is not there.
            at++;
        } else {
            out.append('$');
        }
    }

    private String braced() {
        boolean length = peek('#') && at + 1 < text.length() && isNameStart(text.charAt(at + 1));
        if (length) {
            at++;
        }
        String name = name();
        if (name.isEmpty()) {
            throw new IllegalArgumentException(text + ": there is no name behind ${");
        }
        String value = variables.apply(name);
        if (at == text.length()) {
            throw notClosed(name);
        }
        String result;
        if (length) {
            result = Integer.toString(or(value).codePointCount(0, or(value).length()));
        } else if (peek('}')) {
            result = or(value);
        } else {
            result = operation(name, value);
        }
        if (!peek('}')) {
            throw notClosed(name);
        }
        at++;
        return result;
    }

    private IllegalArgumentException notClosed(String name) {
        return new IllegalArgumentException(text + ": ${" + name + " is not closed");
    }

    private String operation(String name, @Nullable String value) {
        boolean colon = peek(':');
        if (colon) {
            at++;
        }
        char operator = at < text.length() ? text.charAt(at) : '}';
        if ("-=+?".indexOf(operator) >= 0) {
            at++;
            boolean set = value != null && !(colon && value.isEmpty());
            String word = until(true);
            return switch (operator) {
                case '+' -> set ? word : "";
                case '?' -> {
                    if (!set) {
                        throw new IllegalArgumentException(
                                name + ": " + (word.isEmpty() ? "is not set" : word));
                    }
                    yield or(value);
                }
                default -> set ? or(value) : word;
            };
        }
        return colon ? slice(or(value)) : change(or(value), operator);
    }

    private String slice(String value) {
        String[] numbers = until(true).split(":", 2);
        int from = number(numbers[0]);
        from = from < 0 ? Math.max(0, value.length() + from) : Math.min(from, value.length());
        int to = value.length();
        if (numbers.length > 1) {
            int length = number(numbers[1]);
            to = length < 0 ? value.length() + length : Math.min(value.length(), from + length);
        }
        return value.substring(from, Math.max(from, to));
    }

    private int number(String digits) {
        try {
            return Integer.parseInt(digits.strip());
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(text + ": '" + digits + "' is no number", e);
        }
    }

    private String change(String value, char operator) {
        at++;
        boolean twice = peek(operator);
        if (twice) {
            at++;
        }
        String word = until(true);
        return switch (operator) {
            case '^' -> twice ? upper(value) : first(value, true);
            case ',' -> twice ? lower(value) : first(value, false);
            case '#' -> cut(value, word, twice, true);
            case '%' -> cut(value, word, twice, false);
            case '/' -> {
                int slash = word.indexOf('/');
                String from = slash < 0 ? word : word.substring(0, slash);
                String to = slash < 0 ? "" : word.substring(slash + 1);
                yield replaced(value, from, to, twice);
            }
            default ->
                    throw new IllegalArgumentException(
                            text + ": '" + operator + "' cannot stand in ${ }");
        };
    }

    private static String upper(String value) {
        return value.toUpperCase(java.util.Locale.ROOT);
    }

    private static String lower(String value) {
        return value.toLowerCase(java.util.Locale.ROOT);
    }

    private static String first(String value, boolean up) {
        if (value.isEmpty()) {
            return value;
        }
        String head = value.substring(0, 1);
        return (up ? upper(head) : lower(head)) + value.substring(1);
    }

    private static String cut(String value, String pattern, boolean longest, boolean front) {
        int size = value.length();
        for (int i = 0; i <= size; i++) {
            int length = longest ? size - i : i;
            String part = front ? value.substring(0, length) : value.substring(size - length);
            if (matches(pattern, 0, part, 0)) {
                return front ? value.substring(length) : value.substring(0, size - length);
            }
        }
        return value;
    }

    private static String replaced(String value, String pattern, String to, boolean all) {
        if (pattern.isEmpty()) {
            return value;
        }
        StringBuilder out = new StringBuilder();
        int from = 0;
        boolean done = false;
        while (from < value.length()) {
            int end = done ? from : longestMatch(value, from, pattern);
            if (end > from) {
                out.append(to);
                from = end;
                done = !all;
            } else {
                out.append(value.charAt(from++));
            }
        }
        return out.toString();
    }

    private static int longestMatch(String value, int from, String pattern) {
        for (int end = value.length(); end > from; end--) {
            if (matches(pattern, 0, value.substring(from, end), 0)) {
                return end;
            }
        }
        return from;
    }

    // A shell's pattern, in which a star takes slashes too.
    private static boolean matches(String pattern, int p, String text, int t) {
        if (p == pattern.length()) {
            return t == text.length();
        }
        char c = pattern.charAt(p);
        if (c == '*') {
            for (int i = t; i <= text.length(); i++) {
                if (matches(pattern, p + 1, text, i)) {
                    return true;
                }
            }
            return false;
        }
        return t < text.length()
                && (c == '?' || c == text.charAt(t))
                && matches(pattern, p + 1, text, t + 1);
    }

    private String name() {
        int from = at;
        while (at < text.length()
                && (isNameStart(text.charAt(at))
                        || (at > from && text.charAt(at) >= '0' && text.charAt(at) <= '9'))) {
            at++;
        }
        return text.substring(from, at);
    }

    private String value(String name) {
        return or(variables.apply(name));
    }

    private boolean peek(char c) {
        return at < text.length() && text.charAt(at) == c;
    }

    private static String or(@Nullable String value) {
        return value == null ? "" : value;
    }

    private static boolean isNameStart(char c) {
        return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
}
