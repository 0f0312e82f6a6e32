package io.armrunner.ci;

import io.armrunner.ci.Yaml.Entry;
import io.armrunner.ci.Yaml.Mapping;
import io.armrunner.ci.Yaml.Scalar;
import io.armrunner.spec.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads {@code variables}, of the file, a job or a rule. */
final class VariableReader {
    private static final Set<String> KEYS = Set.of("value", "description", "expand", "options");

    private VariableReader() {}

    static List<Variable> read(String keyword, @Nullable Yaml value, Fields fields) {
        List<Variable> all = new ArrayList<>();
        fields.mapping(keyword, value)
                .ifPresent(mapping ->
                        mapping.entries()
                                .forEach((name, entry) -> add(keyword, name, entry, all, fields)));
        return all;
    }

    private static void add(
            String keyword, String name, Entry entry, List<Variable> all, Fields fields) {
        if (name.isEmpty() || !isName(name)) {
            fields.problems()
                    .add(
                            entry.keyAt(),
                            keyword
                                    + ": "
                                    + name
                                    + " is no variable name; allowed: letters, digits and _");
            return;
        }
        switch (entry.value()) {
            // As everywhere, null takes away what extends would bring.
            case Scalar scalar -> {
                if (!scalar.isNull()) {
                    all.add(variable(name, scalar.string(), true));
                }
            }
            case Mapping mapping -> all.add(described(keyword + ":" + name, name, mapping, fields));
            case Yaml.Sequence _, Yaml.Reference _ ->
                    fields.problems()
                            .wrongType(
                                    keyword + ":" + name,
                                    entry.value(),
                                    "a text, a number, or a mapping with value");
        }
    }

    private static Variable described(String keyword, String name, Mapping mapping, Fields fields) {
        fields.known(keyword, mapping, KEYS);
        boolean expand = fields.truth(keyword + ":expand", mapping.get("expand")).orElse(true);
        fields.text(keyword + ":description", mapping.get("description"));
        String value = fields.text(keyword + ":value", mapping.get("value")).orElse("");
        Yaml options = mapping.get("options");
        if (options != null) {
            List<String> allowed = fields.texts(keyword + ":options", options);
            if (!allowed.contains(value)) {
                fields.problems()
                        .add(
                                mapping.at(),
                                keyword
                                        + ":value must be one of its options: "
                                        + String.join(", ", allowed));
            }
        }
        return variable(name, value, expand);
    }

    private static Variable variable(String name, String value, boolean expand) {
        return new Variable(name, value, true, false, false, !expand);
    }

    private static boolean isName(String name) {
        return name.chars()
                .allMatch(c -> c == '_' || c == '-' || c == '.' || Character.isLetterOrDigit(c));
    }

    /** Those of {@code later} win, in their places. */
    static List<Variable> over(List<Variable> earlier, List<Variable> later) {
        Map<String, Variable> all = new java.util.LinkedHashMap<>();
        earlier.forEach(variable -> all.put(variable.key(), variable));
        later.forEach(variable -> all.put(variable.key(), variable));
        return List.copyOf(all.values());
    }
}
