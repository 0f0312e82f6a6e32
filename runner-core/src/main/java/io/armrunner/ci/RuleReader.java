package io.armrunner.ci;

import io.armrunner.ci.PipelineJob.AllowFailure;
import io.armrunner.ci.Yaml.Mapping;
import io.armrunner.ci.Yaml.Scalar;
import io.armrunner.ci.Yaml.Sequence;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads {@code rules} of a job, of the workflow or of an include. */
final class RuleReader {
    static final List<String> WHEN =
            List.of("on_success", "on_failure", "always", "manual", "delayed", "never");
    private static final Set<String> KEYS =
            Set.of(
                    "if",
                    "changes",
                    "exists",
                    "when",
                    "start_in",
                    "allow_failure",
                    "variables",
                    "needs",
                    "interruptible",
                    "auto_cancel");

    private RuleReader() {}

    static List<Rule> read(String keyword, Yaml value, Fields fields) {
        if (!(value instanceof Sequence list)) {
            fields.problems().wrongType(keyword, value, "a list of rules");
            return List.of();
        }
        List<Rule> rules = new ArrayList<>();
        for (Yaml item : fields.flat(keyword, list)) {
            if (item instanceof Mapping mapping) {
                rules.add(rule(keyword, mapping, fields));
            } else {
                fields.problems()
                        .wrongType(
                                "a rule of " + keyword,
                                item,
                                "a mapping with if, changes, exists or when");
            }
        }
        return rules;
    }

    private static Rule rule(String keyword, Mapping rule, Fields fields) {
        fields.known(keyword, rule, KEYS);
        Optional<String> when = fields.word(keyword + ":when", rule.get("when"), WHEN);
        Optional<String> startIn = fields.text(keyword + ":start_in", rule.get("start_in"));
        if (startIn.isPresent()) {
            fields.duration(keyword + ":start_in", rule.get("start_in"));
        }
        if (when.equals(Optional.of("delayed")) && startIn.isEmpty()) {
            fields.problems().add(rule.at(), "when: delayed wants a start_in");
        }
        Yaml changes = rule.get("changes");
        Optional<String> compareTo = Optional.empty();
        if (changes instanceof Mapping mapping) {
            fields.known(keyword + ":changes", mapping, Set.of("paths", "compare_to"));
            compareTo = fields.text(keyword + ":changes:compare_to", mapping.get("compare_to"));
            changes = mapping.get("paths");
        }
        Yaml needs = rule.get("needs");
        return new Rule(
                text(rule),
                condition(keyword + ":if", rule.get("if"), fields),
                texts(keyword + ":changes", changes, fields),
                compareTo,
                exists(keyword, rule.get("exists"), fields),
                when,
                startIn,
                Optional.ofNullable(rule.get("allow_failure"))
                        .flatMap(value -> fields.truth(keyword + ":allow_failure", value))
                        .map(yes -> yes ? AllowFailure.YES : AllowFailure.NO),
                VariableReader.read(keyword + ":variables", rule.get("variables"), fields),
                needs == null
                        ? Optional.empty()
                        : Optional.of(NeedReader.read(needs, fields, new ArrayList<>())),
                fields.truth(keyword + ":interruptible", rule.get("interruptible")),
                rule.at());
    }

    private static Optional<List<String>> texts(
            String keyword, @Nullable Yaml value, Fields fields) {
        return value == null ? Optional.empty() : Optional.of(fields.textOrTexts(keyword, value));
    }

    private static Optional<List<String>> exists(
            String keyword, @Nullable Yaml value, Fields fields) {
        if (value instanceof Mapping mapping) {
            fields.known(keyword + ":exists", mapping, Set.of("paths", "project", "ref"));
            if (mapping.has("project")) {
                fields.problems()
                        .add(
                                mapping.at(),
                                keyword
                                        + ":exists:project is another project, which only GitLab can look into");
            }
            return texts(keyword + ":exists:paths", mapping.get("paths"), fields);
        }
        return texts(keyword + ":exists", value, fields);
    }

    /** A condition as {@code rules:if} and {@code only:variables} have it. */
    static Optional<Expression> condition(String keyword, @Nullable Yaml value, Fields fields) {
        Optional<String> text = fields.text(keyword, value);
        if (text.isEmpty() || value == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(Expression.parse(text.get()));
        } catch (Expression.SyntaxException e) {
            fields.problems()
                    .add(
                            value.at(),
                            keyword
                                    + ": "
                                    + e.getMessage()
                                    + ", at character "
                                    + (e.offset() + 1)
                                    + " of: "
                                    + text.get());
            return Optional.empty();
        }
    }

    private static String text(Mapping rule) {
        List<String> parts = new ArrayList<>();
        for (String key : List.of("if", "changes", "exists")) {
            Yaml value = rule.get(key);
            if (value instanceof Scalar scalar) {
                parts.add(key + ": " + scalar.string());
            } else if (value != null) {
                parts.add(key);
            }
        }
        return parts.isEmpty() ? "a rule without condition" : String.join(", ", parts);
    }
}
