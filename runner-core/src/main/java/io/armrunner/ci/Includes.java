package io.armrunner.ci;

import io.armrunner.ci.Yaml.Mapping;
import io.armrunner.ci.Yaml.Scalar;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The file with everything it includes, as one mapping: each file lies over the ones it includes.
 */
final class Includes {
    // GitLab's limit of included files.
    private static final int MAX_FILES = 150;
    private static final Map<String, String> ELSEWHERE =
            Map.of(
                    "remote", "a file of another server",
                    "project", "a file of another project",
                    "template", "a template of GitLab's",
                    "component", "a component of the catalogue",
                    "artifact", "a file that a job makes");

    private final ProjectFiles files;
    private final Fields fields;
    private final Conditions conditions;
    private final List<String> open = new ArrayList<>();
    private int included;

    Includes(ProjectFiles files, Fields fields, Conditions conditions) {
        this.files = files;
        this.fields = fields;
        this.conditions = conditions;
    }

    /** The whole of {@code path}; empty when it cannot be read, and then the problem is told. */
    Optional<Mapping> load(String path) throws IOException {
        return load(path, new Position(path, 0, 0));
    }

    private Optional<Mapping> load(String path, Position at) throws IOException {
        Optional<String> text = files.read(path);
        if (text.isEmpty()) {
            fields.problems().add(at, "there is no file " + path);
            return Optional.empty();
        }
        Optional<Mapping> read = YamlReader.read(path, text.get(), fields.problems());
        if (read.isEmpty()) {
            return read;
        }
        Mapping own = read.get();
        Yaml include = own.get("include");
        if (include == null) {
            return Optional.of(own.without("include"));
        }
        open.add(path);
        Map<String, String> variables = conditions.withGlobals(own, fields);
        Mapping below = Mapping.of(Map.of(), own.at());
        for (Yaml item : fields.items(include)) {
            for (String file : chosen(item, variables)) {
                below = below.merge(includedFile(file, item.at()));
            }
        }
        open.removeLast();
        return Optional.of(below.merge(own.without("include")));
    }

    private Mapping includedFile(String file, Position at) throws IOException {
        Mapping nothing = Mapping.of(Map.of(), at);
        if (open.contains(file)) {
            fields.problems()
                    .add(
                            at,
                            "include goes round in a circle: "
                                    + String.join(" → ", open)
                                    + " → "
                                    + file);
            return nothing;
        }
        included++;
        if (included > MAX_FILES) {
            if (included == MAX_FILES + 1) {
                fields.problems().add(at, "more than " + MAX_FILES + " files are included");
            }
            return nothing;
        }
        return load(file, at).orElse(nothing);
    }

    private List<String> chosen(Yaml item, Map<String, String> variables) throws IOException {
        return switch (item) {
            case Scalar scalar -> paths(scalar, variables);
            case Mapping mapping -> mapped(mapping, variables);
            case Yaml.Sequence _, Yaml.Reference _ -> {
                fields.problems().wrongType("include", item, "a path, or a mapping with local");
                yield List.of();
            }
        };
    }

    private List<String> mapped(Mapping mapping, Map<String, String> variables) throws IOException {
        for (Map.Entry<String, String> kind : ELSEWHERE.entrySet()) {
            if (mapping.has(kind.getKey())) {
                fields.problems()
                        .add(
                                mapping.at(),
                                "include:"
                                        + kind.getKey()
                                        + " is "
                                        + kind.getValue()
                                        + ", which only GitLab can fetch; here only local files can be included");
                return List.of();
            }
        }
        fields.known("include", mapping, Set.of("local", "rules", "inputs", "file", "ref"));
        if (mapping.has("inputs")) {
            fields.problems()
                    .add(
                            mapping.at(),
                            "include:inputs are filled in by GitLab only; use variables");
        }
        Yaml local = mapping.get("local");
        if (local == null) {
            fields.problems()
                    .add(
                            mapping.at(),
                            "include has no local; here only local files can be included");
            return List.of();
        }
        Yaml rules = mapping.get("rules");
        if (rules != null
                && !conditions.included(
                        RuleReader.read("include:rules", rules, fields), variables)) {
            return List.of();
        }
        return paths(local, variables);
    }

    private List<String> paths(@Nullable Yaml value, Map<String, String> variables)
            throws IOException {
        Optional<String> text = fields.text("include:local", value);
        if (text.isEmpty() || value == null) {
            return List.of();
        }
        String path = VariableExpansion.expand(text.get(), variables);
        if (path.startsWith("http://") || path.startsWith("https://")) {
            fields.problems()
                    .add(
                            value.at(),
                            "include of "
                                    + path
                                    + ": only GitLab can fetch it; here only local files can be included");
            return List.of();
        }
        String relative = path.startsWith("/") ? path.substring(1) : path;
        if (List.of(relative.split("/", -1)).contains("..")) {
            fields.problems().add(value.at(), "include of " + path + " leaves the project");
            return List.of();
        }
        if (!relative.endsWith(".yml") && !relative.endsWith(".yaml")) {
            fields.problems()
                    .add(value.at(), "include of " + path + ": the name must end in .yml or .yaml");
            return List.of();
        }
        if (relative.indexOf('*') < 0) {
            return List.of(relative);
        }
        List<String> found =
                conditions.projectFiles().stream()
                        .filter(file -> Globs.matchesInclude(relative, file))
                        .sorted()
                        .toList();
        if (found.isEmpty()) {
            fields.problems()
                    .add(value.at(), "include of " + path + ": no file of the project matches");
        }
        return found;
    }

    /** The values of some variables by name, last wins. */
    static Map<String, String> byName(List<io.armrunner.spec.Variable> variables) {
        Map<String, String> values = new LinkedHashMap<>();
        variables.forEach(variable -> values.put(variable.key(), variable.value()));
        return values;
    }
}
