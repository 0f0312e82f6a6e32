package io.armrunner.ci;

import io.armrunner.ci.Yaml.Mapping;
import io.armrunner.ci.Yaml.Scalar;
import io.armrunner.ci.Yaml.Sequence;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Takes values of a known kind out of the file; a value of another kind is a problem told, and then
 * as if absent.
 */
final class Fields {
    // GitLab flattens nested lists of script lines and rules up to this depth.
    private static final int MAX_NESTING = 10;

    private final Problems problems;

    Fields(Problems problems) {
        this.problems = problems;
    }

    Problems problems() {
        return problems;
    }

    /** A text or number, as text. */
    Optional<String> text(String keyword, @Nullable Yaml value) {
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof Scalar scalar && !scalar.isNull()) {
            return Optional.of(scalar.string());
        }
        problems.wrongType(keyword, value, "a text");
        return Optional.empty();
    }

    /** One of some words. */
    Optional<String> word(String keyword, @Nullable Yaml value, List<String> allowed) {
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof Scalar scalar && allowed.contains(scalar.string())) {
            return Optional.of(scalar.string());
        }
        problems.wrongType(keyword, value, String.join(", ", allowed));
        return Optional.empty();
    }

    Optional<Boolean> truth(String keyword, @Nullable Yaml value) {
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof Scalar scalar && scalar.kind() == Scalar.Kind.BOOLEAN) {
            return Optional.of(scalar.isTrue());
        }
        problems.wrongType(keyword, value, "true or false");
        return Optional.empty();
    }

    Optional<Integer> number(String keyword, @Nullable Yaml value, int from, int to) {
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof Scalar scalar && scalar.kind() == Scalar.Kind.INTEGER) {
            try {
                int number = Integer.parseInt(scalar.string());
                if (from <= number && number <= to) {
                    return Optional.of(number);
                }
            } catch (NumberFormatException e) {
                // Falls through to the same problem as a number out of range.
            }
        }
        problems.wrongType(keyword, value, "a whole number from " + from + " to " + to);
        return Optional.empty();
    }

    /** A number or a list of them. */
    Set<Integer> numbers(String keyword, @Nullable Yaml value) {
        Set<Integer> all = new LinkedHashSet<>();
        for (Yaml item : items(value)) {
            number(keyword, item, Integer.MIN_VALUE, Integer.MAX_VALUE).ifPresent(all::add);
        }
        return all;
    }

    Optional<Duration> duration(String keyword, @Nullable Yaml value) {
        Optional<String> text = text(keyword, value);
        if (text.isEmpty() || value == null) {
            return Optional.empty();
        }
        Optional<Duration> duration = Durations.parse(text.get());
        if (duration.isEmpty()) {
            problems.wrongType(keyword, value, "a duration such as 1h 30m, 90 minutes or 3600");
        }
        return duration;
    }

    Optional<Mapping> mapping(String keyword, @Nullable Yaml value) {
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof Mapping mapping) {
            return Optional.of(mapping);
        }
        problems.wrongType(keyword, value, "a mapping");
        return Optional.empty();
    }

    /** A list of texts, nested ones flattened as GitLab does for {@code !reference}. */
    List<String> texts(String keyword, @Nullable Yaml value) {
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof Sequence list)) {
            problems.wrongType(keyword, value, "a list of texts");
            return List.of();
        }
        List<String> all = new ArrayList<>();
        for (Yaml item : flat(keyword, list)) {
            text(keyword, item).ifPresent(all::add);
        }
        return all;
    }

    /** A text or a list of texts. */
    List<String> textOrTexts(String keyword, @Nullable Yaml value) {
        return value instanceof Scalar
                ? text(keyword, value).stream().toList()
                : texts(keyword, value);
    }

    /**
     * Script lines: a text or a nested list of them; here a number is no text, as GitLab wants it.
     */
    List<String> script(String keyword, @Nullable Yaml value) {
        List<String> lines = new ArrayList<>();
        String allowed =
                "a text, or a list of texts (quote a line that YAML takes for something else)";
        List<Yaml> items =
                switch (value) {
                    case null -> List.of();
                    case Sequence list -> flat(keyword, list);
                    case Scalar _, Mapping _, Yaml.Reference _ -> List.of(value);
                };
        for (Yaml item : items) {
            if (item instanceof Scalar scalar && scalar.kind() == Scalar.Kind.STRING) {
                lines.add(scalar.text());
            } else {
                problems.wrongType(
                        items.size() > 1 || value instanceof Sequence
                                ? "a line of " + keyword
                                : keyword,
                        item,
                        allowed);
            }
        }
        return lines;
    }

    /** The items of a list, or the value itself as its only one; none when absent. */
    List<Yaml> items(@Nullable Yaml value) {
        return switch (value) {
            case null -> List.of();
            case Sequence list -> list.items();
            case Scalar _, Mapping _, Yaml.Reference _ -> List.of(value);
        };
    }

    /** The items of a list and of the lists in it. */
    List<Yaml> flat(String keyword, Sequence list) {
        List<Yaml> all = new ArrayList<>();
        flatten(keyword, list, 1, all);
        return all;
    }

    private void flatten(String keyword, Sequence list, int depth, List<Yaml> into) {
        if (depth > MAX_NESTING) {
            problems.add(
                    list.at(), keyword + " has lists nested more than " + MAX_NESTING + " deep");
            return;
        }
        for (Yaml item : list.items()) {
            if (item instanceof Sequence inner) {
                flatten(keyword, inner, depth + 1, into);
            } else {
                into.add(item);
            }
        }
    }

    /** Tells every key of a mapping that is not among the known ones. */
    void known(String keyword, Mapping mapping, Collection<String> known) {
        for (Map.Entry<String, Yaml.Entry> entry : mapping.entries().entrySet()) {
            if (!known.contains(entry.getKey())) {
                String near = Nearest.of(entry.getKey(), known);
                problems.add(
                        entry.getValue().keyAt(),
                        "unknown keyword "
                                + entry.getKey()
                                + " in "
                                + keyword
                                + (near.isEmpty()
                                        ? "; allowed: "
                                                + String.join(
                                                        ", ", known.stream().sorted().toList())
                                        : "; did you mean " + near + "?"));
            }
        }
    }
}
