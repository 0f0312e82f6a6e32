package io.armrunner.ci;

import io.armrunner.ci.Yaml.Entry;
import io.armrunner.ci.Yaml.Mapping;
import io.armrunner.ci.Yaml.Scalar;
import io.armrunner.ci.Yaml.Sequence;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.composer.Composer;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.StreamReader;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * Reads one YAML file into {@link Yaml} values: aliases and merge keys resolved, no object ever
 * made of it.
 */
final class YamlReader {
    private static final Tag REFERENCE = new Tag("!reference");
    // GitLab's limits for one file are 1 MB and a depth of 100.
    private static final int MAX_CHARACTERS = 1024 * 1024;
    private static final int MAX_DEPTH = 100;

    private final String file;
    private final Problems problems;
    private final IdentityHashMap<Node, Yaml> seen = new IdentityHashMap<>();
    private final IdentityHashMap<Node, Boolean> open = new IdentityHashMap<>();
    private boolean tooLarge;

    private YamlReader(String file, Problems problems) {
        this.file = file;
        this.problems = problems;
    }

    /**
     * The file's top-level mapping; empty when the text is not one, and then the problem is told.
     */
    static Optional<Mapping> read(String file, String text, Problems problems) {
        return new YamlReader(file, problems).read(text);
    }

    private Optional<Mapping> read(String text) {
        LoaderOptions options = new LoaderOptions();
        options.setCodePointLimit(MAX_CHARACTERS);
        options.setNestingDepthLimit(MAX_DEPTH);
        // Shared values cost nothing here; what counts is the size written out, which Yaml.LIMIT
        // bounds.
        options.setMaxAliasesForCollections(Integer.MAX_VALUE);
        options.setAllowRecursiveKeys(false);
        try {
            Composer composer =
                    new Composer(
                            new ParserImpl(new StreamReader(text), options),
                            new Resolver(),
                            options);
            if (!composer.checkNode()) {
                return Optional.of(Mapping.of(Map.of(), new Position(file, 1, 1)));
            }
            Node node = composer.getNode();
            Yaml value = convert(node);
            if (composer.checkNode()) {
                return secondDocument(value, composer.getNode());
            }
            return top(value);
        } catch (MarkedYAMLException e) {
            String context = e.getContext() == null ? "" : e.getContext() + ", ";
            problems.add(at(e.getProblemMark()), "not YAML: " + context + e.getProblem());
        } catch (YAMLException e) {
            problems.add(new Position(file, 1, 1), "not YAML: " + e.getMessage());
        }
        return Optional.empty();
    }

    private Optional<Mapping> secondDocument(Yaml first, Node second) {
        if (first instanceof Mapping header && header.entries().containsKey("spec")) {
            problems.add(
                    header.at(),
                    "spec: inputs are filled in by GitLab only; give the values with variables instead");
        } else {
            problems.add(
                    at(second.getStartMark()),
                    "a second YAML document; a pipeline is one document");
        }
        return Optional.empty();
    }

    private Optional<Mapping> top(Yaml value) {
        if (value instanceof Mapping mapping) {
            return tooLarge ? Optional.empty() : Optional.of(mapping);
        }
        if (value instanceof Scalar scalar && scalar.isNull()) {
            return Optional.of(Mapping.of(Map.of(), scalar.at()));
        }
        problems.wrongType("the file", value, "a mapping of keywords and jobs");
        return Optional.empty();
    }

    private Position at(@Nullable Mark mark) {
        return mark == null
                ? new Position(file, 1, 1)
                : new Position(file, mark.getLine() + 1, mark.getColumn() + 1);
    }

    private Yaml convert(Node node) {
        Yaml known = seen.get(node);
        if (known != null) {
            return known;
        }
        Position at = at(node.getStartMark());
        if (open.put(node, Boolean.TRUE) != null) {
            problems.add(at, "an anchor that contains itself");
            return new Scalar("", Scalar.Kind.NULL, at);
        }
        Yaml value =
                switch (node) {
                    case ScalarNode scalar -> scalar(scalar, at);
                    case SequenceNode sequence -> sequence(sequence, at);
                    case MappingNode mapping -> mapping(mapping, at);
                    default -> throw new YAMLException("unknown node " + node.getNodeId());
                };
        open.remove(node);
        if (value.weight() > Yaml.LIMIT) {
            if (!tooLarge) {
                problems.add(
                        at,
                        "aliases make this more than " + Yaml.LIMIT + " values when written out");
            }
            tooLarge = true;
            value = new Scalar("", Scalar.Kind.NULL, at);
        }
        seen.put(node, value);
        return value;
    }

    private Yaml scalar(ScalarNode node, Position at) {
        Tag tag = node.getTag();
        Scalar.Kind kind = Scalar.Kind.STRING;
        if (tag.equals(Tag.INT)) {
            kind = Scalar.Kind.INTEGER;
        } else if (tag.equals(Tag.BOOL)) {
            kind = Scalar.Kind.BOOLEAN;
        } else if (tag.equals(Tag.NULL)) {
            kind = Scalar.Kind.NULL;
        } else if (tag.equals(Tag.FLOAT)) {
            kind = Scalar.Kind.FLOAT;
        } else if (!tag.equals(Tag.STR) && !tag.equals(Tag.TIMESTAMP) && !tag.equals(Tag.MERGE)) {
            problems.add(at, "unknown tag " + tag.getValue() + "; GitLab knows !reference only");
        }
        return new Scalar(node.getValue(), kind, at);
    }

    private Yaml sequence(SequenceNode node, Position at) {
        List<Yaml> items = new ArrayList<>(node.getValue().size());
        for (Node item : node.getValue()) {
            items.add(convert(item));
        }
        if (node.getTag().equals(REFERENCE)) {
            return reference(items, at);
        }
        if (!node.getTag().equals(Tag.SEQ)) {
            problems.add(
                    at,
                    "unknown tag " + node.getTag().getValue() + "; GitLab knows !reference only");
        }
        return Sequence.of(items, at);
    }

    private Yaml reference(List<Yaml> items, Position at) {
        List<String> path = new ArrayList<>();
        for (Yaml item : items) {
            if (item instanceof Scalar scalar) {
                path.add(scalar.string());
            } else {
                problems.wrongType("a part of !reference", item, "names only");
            }
        }
        if (path.isEmpty()) {
            problems.add(at, "!reference is empty; write !reference [job, keyword]");
        }
        return new Yaml.Reference(List.copyOf(path), at);
    }

    private Yaml mapping(MappingNode node, Position at) {
        Map<String, Entry> entries = new LinkedHashMap<>();
        Map<String, Position> own = new LinkedHashMap<>();
        for (NodeTuple tuple : node.getValue()) {
            Node keyNode = tuple.getKeyNode();
            Position keyAt = at(keyNode.getStartMark());
            if (!(keyNode instanceof ScalarNode key)) {
                problems.add(
                        keyAt, "a key is " + convert(keyNode).describe() + "; allowed: a name");
                continue;
            }
            Yaml value = convert(tuple.getValueNode());
            if (key.getTag().equals(Tag.MERGE)) {
                mergeInto(entries, value);
                continue;
            }
            Position twice = own.put(key.getValue(), keyAt);
            if (twice != null) {
                problems.add(
                        keyAt,
                        "the key " + key.getValue() + " is already there on line " + twice.line());
            }
            entries.put(key.getValue(), new Entry(keyAt, value));
        }
        return Mapping.of(entries, at);
    }

    /** A merge key's values fill in what is not there already; of a list the first one wins. */
    private void mergeInto(Map<String, Entry> entries, Yaml value) {
        switch (value) {
            case Mapping mapping -> mapping.entries().forEach(entries::putIfAbsent);
            case Sequence list -> {
                for (Yaml item : list.items()) {
                    if (item instanceof Mapping mapping) {
                        mapping.entries().forEach(entries::putIfAbsent);
                    } else {
                        problems.wrongType("<<", item, "an alias of a mapping, or a list of them");
                    }
                }
            }
            case Scalar _, Yaml.Reference _ ->
                    problems.wrongType("<<", value, "an alias of a mapping, or a list of them");
        }
    }
}
