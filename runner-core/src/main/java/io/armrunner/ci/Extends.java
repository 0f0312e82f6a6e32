package io.armrunner.ci;

import io.armrunner.ci.Yaml.Entry;
import io.armrunner.ci.Yaml.Mapping;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Lays a job over those it {@code extends}: mappings merge, all else replaces, a later name wins
 * over an earlier one.
 */
final class Extends {
    // GitLab's limit of levels.
    private static final int MAX_LEVELS = 10;

    private final Mapping root;
    private final Fields fields;
    private final Map<String, Mapping> done = new HashMap<>();
    private final List<String> open = new ArrayList<>();

    private Extends(Mapping root, Fields fields) {
        this.root = root;
        this.fields = fields;
    }

    static Mapping resolve(Mapping root, Fields fields) {
        Extends all = new Extends(root, fields);
        Map<String, Entry> entries = new LinkedHashMap<>();
        root.entries()
                .forEach((name, entry) ->
                        entries.put(
                                name,
                                entry.value() instanceof Mapping job && job.has("extends")
                                        ? new Entry(entry.keyAt(), all.extended(name, job))
                                        : entry));
        return Mapping.of(entries, root.at());
    }

    private Mapping extended(String name, Mapping job) {
        Yaml from = job.get("extends");
        if (from == null) {
            return job;
        }
        Mapping known = done.get(name);
        if (known != null) {
            return known;
        }
        Mapping own = job.without("extends");
        if (open.contains(name)) {
            fields.problems()
                    .add(
                            from.at(),
                            "extends goes round in a circle: "
                                    + String.join(" → ", open)
                                    + " → "
                                    + name);
            return own;
        }
        if (open.size() > MAX_LEVELS) {
            fields.problems().add(from.at(), "extends is more than " + MAX_LEVELS + " levels deep");
            return own;
        }
        open.add(name);
        Mapping below = Mapping.of(Map.of(), job.at());
        for (String base : fields.textOrTexts("extends", from)) {
            Entry entry = root.entries().get(base);
            if (entry != null && entry.value() instanceof Mapping other) {
                below = below.merge(extended(base, other));
            } else {
                String near = Nearest.of(base, root.entries().keySet());
                fields.problems()
                        .add(
                                from.at(),
                                "extends: there is no job "
                                        + base
                                        + (near.isEmpty() ? "" : "; did you mean " + near + "?"));
            }
        }
        open.removeLast();
        Mapping merged = below.merge(own);
        done.put(name, merged);
        return merged;
    }
}
