package io.armrunner.variables;

import java.util.function.UnaryOperator;

/**
 * Replaces {@code $NAME} and <code>${NAME}</code> in a text, once, as job-semantics §2.3 has it.
 */
final class Expansion {
    private Expansion() {}

    /**
     * @param value what stands for a name; the empty text for an unknown one
     */
    static String expand(String text, UnaryOperator<String> value) {
        int dollar = text.indexOf('$');
        if (dollar < 0) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length() + 32);
        int done = 0;
        while (dollar >= 0 && dollar + 1 < text.length()) {
            out.append(text, done, dollar);
            done = reference(text, dollar + 1, out, value);
            dollar = text.indexOf('$', done);
        }
        return out.append(text, done, text.length()).toString();
    }

    /** Appends what the reference after a dollar stands for, and returns the position behind it. */
    private static int reference(
            String text, int at, StringBuilder out, UnaryOperator<String> value) {
        char first = text.charAt(at);
        if (first == '{') {
            return braced(text, at + 1, out, value);
        }
        if (first == '$') {
            out.append('$');
            return at + 1;
        }
        if (isSpecial(first)) {
            out.append(value.apply(String.valueOf(first)));
            return at + 1;
        }
        int end = at;
        while (end < text.length() && isNameCharacter(text.charAt(end))) {
            end++;
        }
        if (end == at) {
            // Not a reference: the dollar stays.
            out.append('$');
            return at;
        }
        out.append(value.apply(text.substring(at, end)));
        return end;
    }

    private static int braced(String text, int at, StringBuilder out, UnaryOperator<String> value) {
        int end = text.indexOf('}', at);
        if (end < 0) {
            // "${" without its end: these two characters are dropped, the rest stays.
            return at;
        }
        if (end == at) {
            return at + 1;
        }
        String name = text.substring(at, end);
        out.append(name.equals("$") ? "$" : value.apply(name));
        return end + 1;
    }

    private static boolean isSpecial(char c) {
        return "*#@!?-".indexOf(c) >= 0 || (c >= '0' && c <= '9');
    }

    private static boolean isNameCharacter(char c) {
        return c == '_'
                || (c >= '0' && c <= '9')
                || (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z');
    }
}
