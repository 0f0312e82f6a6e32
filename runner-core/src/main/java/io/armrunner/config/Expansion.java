package io.armrunner.config;

import java.util.Map;
import java.util.function.Consumer;

/**
 * {@code $NAME} and {@code ${NAME}} in a URL or token, as GitLab Runner replaces them when it loads
 * the file.
 */
final class Expansion {
    private Expansion() {}

    /**
     * Replaces every reference; {@code missing} hears the names that the environment does not have.
     */
    static String expand(String text, Map<String, String> environment, Consumer<String> missing) {
        int dollar = text.indexOf('$');
        if (dollar < 0) {
            return text;
        }
        StringBuilder expanded = new StringBuilder();
        int at = 0;
        while (dollar >= 0) {
            expanded.append(text, at, dollar);
            boolean braces = text.startsWith("{", dollar + 1);
            int start = dollar + (braces ? 2 : 1);
            int end = start;
            while (end < text.length() && isNamePart(text.charAt(end))) {
                end++;
            }
            boolean named = end > start && (!braces || text.startsWith("}", end));
            if (named) {
                String name = text.substring(start, end);
                String value = environment.get(name);
                if (value == null) {
                    missing.accept(name);
                } else {
                    expanded.append(value);
                }
                at = end + (braces ? 1 : 0);
            } else {
                expanded.append('$');
                at = dollar + 1;
            }
            dollar = text.indexOf('$', at);
        }
        return expanded.append(text, at, text.length()).toString();
    }

    private static boolean isNamePart(char c) {
        return c == '_'
                || (c >= '0' && c <= '9')
                || (c >= 'A' && c <= 'Z')
                || (c >= 'a' && c <= 'z');
    }
}
