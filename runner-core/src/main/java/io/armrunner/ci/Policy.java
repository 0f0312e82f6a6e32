package io.armrunner.ci;

import io.armrunner.ci.Yaml.Mapping;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One {@code only} or {@code except}; absent parts say nothing.
 *
 * @param refs names, patterns and keywords such as {@code branches}
 * @param variables conditions of which one must hold
 * @param changes globs of which one must match
 */
record Policy(
        Optional<List<String>> refs,
        Optional<List<Expression>> variables,
        Optional<List<String>> changes,
        boolean kubernetes) {
    /** What a job without any condition has. */
    static final Policy BRANCHES_AND_TAGS =
            new Policy(
                    Optional.of(List.of("branches", "tags")),
                    Optional.empty(),
                    Optional.empty(),
                    false);

    static Policy read(String keyword, Yaml value, Fields fields) {
        if (!(value instanceof Mapping mapping)) {
            return new Policy(
                    Optional.of(patterns(keyword, value, fields)),
                    Optional.empty(),
                    Optional.empty(),
                    false);
        }
        fields.known(keyword, mapping, Set.of("refs", "variables", "changes", "kubernetes"));
        Yaml refs = mapping.get("refs");
        Yaml variables = mapping.get("variables");
        Yaml changes = mapping.get("changes");
        List<Expression> conditions = new ArrayList<>();
        if (variables != null) {
            for (Yaml item : fields.items(variables)) {
                RuleReader.condition(keyword + ":variables", item, fields)
                        .ifPresent(conditions::add);
            }
        }
        boolean kubernetes =
                fields.word(keyword + ":kubernetes", mapping.get("kubernetes"), List.of("active"))
                        .isPresent();
        return new Policy(
                refs == null
                        ? Optional.empty()
                        : Optional.of(patterns(keyword + ":refs", refs, fields)),
                variables == null ? Optional.empty() : Optional.of(conditions),
                changes == null
                        ? Optional.empty()
                        : Optional.of(fields.textOrTexts(keyword + ":changes", changes)),
                kubernetes);
    }

    private static List<String> patterns(String keyword, Yaml value, Fields fields) {
        List<String> refs = fields.textOrTexts(keyword, value);
        for (String ref : refs) {
            try {
                Expression.Regex.of(name(ref));
            } catch (java.util.regex.PatternSyntaxException e) {
                fields.problems()
                        .add(
                                value.at(),
                                keyword
                                        + ": the pattern "
                                        + ref
                                        + " is wrong: "
                                        + e.getDescription());
            }
        }
        return refs;
    }

    /** The part before {@code @group/project}. */
    static String name(String ref) {
        int at = ref.lastIndexOf('@');
        return at > 0 ? ref.substring(0, at) : ref;
    }
}
