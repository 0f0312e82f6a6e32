package io.armrunner.ci;

import io.armrunner.spec.Variable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What GitLab does with variables before it hands out a job: references among them are filled in,
 * all the way down.
 *
 * <p>Left as they are: unknown names, names of raw and file variables (the runner knows those),
 * {@code $$}, and a circle of references.
 */
final class VariableExpansion {
    private final Map<String, Variable> byName = new HashMap<>();
    private final Map<String, String> done = new HashMap<>();
    private final Set<String> open = new HashSet<>();

    private VariableExpansion(List<Variable> variables) {
        variables.forEach(variable -> byName.put(variable.key(), variable));
    }

    /** The same list with its references filled in. */
    static List<Variable> expand(List<Variable> variables) {
        VariableExpansion expansion = new VariableExpansion(variables);
        List<Variable> all = new ArrayList<>(variables.size());
        for (Variable variable : variables) {
            boolean plain = variable.raw() || variable.file() || !hasReference(variable.value());
            all.add(plain ? variable : variable.withValue(expansion.own(variable)));
        }
        return all;
    }

    /** A text with the values of variables in place of their names; unknown names stay. */
    static String expand(String text, Map<String, String> values) {
        return hasReference(text) ? replace(text, name -> values.getOrDefault(name, "\0")) : text;
    }

    private static boolean hasReference(String text) {
        return text.indexOf('$') >= 0 || text.indexOf('%') >= 0;
    }

    /**
     * A variable that names itself means the one of that name before it, which GitLab does not look
     * up: it stays.
     */
    private String own(Variable variable) {
        open.add(variable.key());
        String value = replace(variable.value(), this::value);
        open.remove(variable.key());
        return value;
    }

    private String value(String name) {
        Variable variable = byName.get(name);
        if (variable == null || variable.raw() || variable.file() || open.contains(name)) {
            return "\0";
        }
        String known = done.get(name);
        if (known != null) {
            return known;
        }
        String value = own(variable);
        // Within a circle the value depends on where one came in, so only a whole one is kept.
        if (open.isEmpty() || !hasReference(value)) {
            done.put(name, value);
        }
        return value;
    }

    /** Gives a name's value, or the one character that no value has for a name to be left alone. */
    private interface Lookup {
        String value(String name);
    }

    private static String replace(String text, Lookup lookup) {
        StringBuilder out = new StringBuilder(text.length() + 32);
        int i = 0;
        while (i < text.length()) {
            char c = text.charAt(i);
            int end = c == '$' ? dollar(text, i) : c == '%' ? percent(text, i) : -1;
            if (end < 0) {
                boolean pair = (c == '$' || c == '%') && text.startsWith(String.valueOf(c), i + 1);
                out.append(text, i, pair ? i + 2 : i + 1);
                i += pair ? 2 : 1;
                continue;
            }
            boolean braced = text.charAt(i + 1) == '{';
            String name =
                    c == '%' || braced
                            ? text.substring(i + (braced ? 2 : 1), end - 1)
                            : text.substring(i + 1, end);
            String value = lookup.value(name);
            if (value.equals("\0")) {
                out.append(text, i, end);
            } else {
                out.append(value);
            }
            i = end;
        }
        return out.toString();
    }

    private static int dollar(String text, int at) {
        boolean braced = text.startsWith("{", at + 1);
        int from = braced ? at + 2 : at + 1;
        int end = word(text, from);
        if (end == from) {
            return -1;
        }
        if (!braced) {
            return end;
        }
        return text.startsWith("}", end) ? end + 1 : -1;
    }

    private static int percent(String text, int at) {
        int end = word(text, at + 1);
        return end > at + 1 && text.startsWith("%", end) ? end + 1 : -1;
    }

    private static int word(String text, int from) {
        int end = from;
        while (end < text.length() && isWord(text.charAt(end), end == from)) {
            end++;
        }
        return end;
    }

    private static boolean isWord(char c, boolean first) {
        return c == '_'
                || (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (!first && c >= '0' && c <= '9');
    }
}
