package io.armrunner.ci;

import io.armrunner.ci.Yaml.Entry;
import io.armrunner.ci.Yaml.Mapping;
import io.armrunner.ci.Yaml.Reference;
import io.armrunner.ci.Yaml.Scalar;
import io.armrunner.ci.Yaml.Sequence;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Puts values in the place of {@code !reference}, in the file as merged from all includes and
 * before {@code extends}, as GitLab does.
 */
final class References {
    // GitLab's limit of references within references.
    private static final int MAX_DEPTH = 10;

    private final Mapping root;
    private final Problems problems;
    private final IdentityHashMap<Yaml, Yaml> done = new IdentityHashMap<>();
    private final List<Reference> open = new ArrayList<>();

    private References(Mapping root, Problems problems) {
        this.root = root;
        this.problems = problems;
    }

    static Mapping resolve(Mapping root, Problems problems) {
        return (Mapping) new References(root, problems).resolve(root);
    }

    private Yaml resolve(Yaml value) {
        if (value instanceof Scalar) {
            return value;
        }
        Yaml known = done.get(value);
        if (known != null) {
            return known;
        }
        Yaml resolved =
                switch (value) {
                    case Scalar scalar -> scalar;
                    case Reference reference -> target(reference);
                    case Sequence list -> sequence(list);
                    case Mapping mapping -> mapping(mapping);
                };
        if (resolved.weight() > Yaml.LIMIT) {
            problems.add(
                    value.at(),
                    "references make this more than " + Yaml.LIMIT + " values when written out");
            resolved = new Scalar("", Scalar.Kind.NULL, value.at());
        }
        done.put(value, resolved);
        return resolved;
    }

    private Yaml sequence(Sequence list) {
        List<Yaml> items = new ArrayList<>(list.items().size());
        for (Yaml item : list.items()) {
            items.add(resolve(item));
        }
        return Sequence.of(items, list.at());
    }

    private Yaml mapping(Mapping mapping) {
        Map<String, Entry> entries = new LinkedHashMap<>();
        for (Map.Entry<String, Entry> entry : mapping.entries().entrySet()) {
            Yaml resolved = resolve(entry.getValue().value());
            entries.put(entry.getKey(), new Entry(entry.getValue().keyAt(), resolved));
        }
        return Mapping.of(entries, mapping.at());
    }

    private Yaml target(Reference reference) {
        Yaml nothing = new Scalar("", Scalar.Kind.NULL, reference.at());
        if (open.contains(reference)) {
            problems.add(reference.at(), reference.describe() + " refers to itself");
            return nothing;
        }
        if (open.size() >= MAX_DEPTH) {
            problems.add(reference.at(), "references are nested more than " + MAX_DEPTH + " deep");
            return nothing;
        }
        open.add(reference);
        try {
            Yaml found = find(reference);
            if (found == null) {
                problems.add(
                        reference.at(), reference.describe() + " was not found" + hint(reference));
                return nothing;
            }
            return resolve(found);
        } finally {
            open.removeLast();
        }
    }

    private @Nullable Yaml find(Reference reference) {
        Yaml value = root;
        for (String part : reference.path()) {
            // A reference on the way is followed, too.
            Yaml whole = value instanceof Reference inner ? target(inner) : value;
            Entry entry = whole instanceof Mapping mapping ? mapping.entries().get(part) : null;
            if (entry == null) {
                return null;
            }
            value = entry.value();
        }
        return value;
    }

    private String hint(Reference reference) {
        if (reference.path().isEmpty() || root.entries().containsKey(reference.path().getFirst())) {
            return "";
        }
        String near = Nearest.of(reference.path().getFirst(), root.entries().keySet());
        return near.isEmpty() ? "" : "; did you mean " + near + "?";
    }
}
