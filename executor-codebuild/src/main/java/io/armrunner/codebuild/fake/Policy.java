package io.armrunner.codebuild.fake;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A policy document, evaluated as IAM does it: an explicit denial beats every permission, and what
 * nobody allows is denied.
 *
 * <p>It knows the elements and operators that armrunner's own policies use, and refuses a document
 * with any other rather than reading past it.
 */
final class Policy {
    enum Verdict {
        ALLOWED,
        NOT_ALLOWED,
        DENIED
    }

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{([^}]+)}");
    private static final Set<String> ELEMENTS =
            Set.of(
                    "Sid",
                    "Effect",
                    "Action",
                    "NotAction",
                    "Resource",
                    "NotResource",
                    "Condition",
                    "Principal");
    private static final Set<String> OPERATORS =
            Set.of(
                    "StringEquals",
                    "StringNotEquals",
                    "StringLike",
                    "StringNotLike",
                    "ArnLike",
                    "ArnNotLike",
                    "ArnEquals",
                    "Bool",
                    "Null");

    private final List<JsonNode> statements;

    private Policy(List<JsonNode> statements) {
        this.statements = statements;
    }

    /** Reads a document. */
    static Policy of(String text) throws ServiceError {
        try {
            JsonNode document = JSON.readTree(text);
            if (!document.path("Version").asText().equals("2012-10-17")) {
                throw malformed("Syntax errors in policy: Version must be 2012-10-17");
            }
            List<JsonNode> statements = list(document.path("Statement"));
            for (JsonNode statement : statements) {
                check(statement);
            }
            return new Policy(statements);
        } catch (JsonProcessingException e) {
            throw malformed("Syntax errors in policy: " + e.getOriginalMessage());
        }
    }

    private static ServiceError malformed(String message) {
        return new ServiceError(400, "MalformedPolicyDocument", message);
    }

    private static void check(JsonNode statement) throws ServiceError {
        for (Map.Entry<String, JsonNode> element : statement.properties()) {
            if (!ELEMENTS.contains(element.getKey())) {
                throw malformed("Syntax errors in policy: unknown element " + element.getKey());
            }
        }
        if (!statement.has("Action") && !statement.has("NotAction")) {
            throw malformed("Policy statement must contain actions.");
        }
        for (Map.Entry<String, JsonNode> condition : statement.path("Condition").properties()) {
            if (!OPERATORS.contains(bare(condition.getKey()))) {
                throw malformed("Invalid Condition type : " + condition.getKey());
            }
        }
    }

    /** What several documents say together. */
    static Verdict evaluate(
            List<Policy> policies,
            String action,
            String resource,
            Map<String, List<String>> context) {
        Verdict verdict = Verdict.NOT_ALLOWED;
        for (Policy policy : policies) {
            for (JsonNode statement : policy.statements) {
                if (policy.fits(statement, action, resource, context)) {
                    if (statement.path("Effect").asText().equals("Deny")) {
                        return Verdict.DENIED;
                    }
                    verdict = Verdict.ALLOWED;
                }
            }
        }
        return verdict;
    }

    private boolean fits(
            JsonNode statement, String action, String resource, Map<String, List<String>> context) {
        return fitsPrincipal(statement, context)
                && fitsAction(statement, action)
                && fitsResource(statement, resource, context)
                && fitsConditions(statement.path("Condition"), context);
    }

    private static boolean fitsPrincipal(JsonNode statement, Map<String, List<String>> context) {
        JsonNode principal = statement.path("Principal");
        if (principal.isMissingNode() || principal.asText().equals("*")) {
            return true;
        }
        List<String> who = context.getOrDefault("aws:PrincipalArn", List.of());
        for (JsonNode each : list(principal.path("AWS"))) {
            if (each.asText().equals("*") || who.contains(each.asText())) {
                return true;
            }
        }
        for (JsonNode each : list(principal.path("Service"))) {
            if (context.getOrDefault("service", List.of()).contains(each.asText())) {
                return true;
            }
        }
        return false;
    }

    private static boolean fitsAction(JsonNode statement, String action) {
        String small = action.toLowerCase(Locale.ROOT);
        boolean without = statement.has("NotAction");
        boolean found =
                list(without ? statement.path("NotAction") : statement.path("Action")).stream()
                        .anyMatch(each -> isLike(each.asText().toLowerCase(Locale.ROOT), small));
        return found != without;
    }

    private static boolean fitsResource(
            JsonNode statement, String resource, Map<String, List<String>> context) {
        boolean without = statement.has("NotResource");
        JsonNode resources = without ? statement.path("NotResource") : statement.path("Resource");
        if (resources.isMissingNode()) {
            return true; // a trust policy has none
        }
        boolean found =
                list(resources).stream()
                        .map(each -> filled(each.asText(), context))
                        .flatMap(Optional::stream)
                        .anyMatch(each -> isLike(each, resource));
        return found != without;
    }

    /** With its variables filled in; empty when one has no value, and then it fits nothing. */
    private static Optional<String> filled(String text, Map<String, List<String>> context) {
        Matcher matcher = VARIABLE.matcher(text);
        StringBuilder out = new StringBuilder();
        while (matcher.find()) {
            List<String> values = context.getOrDefault(matcher.group(1), List.of());
            if (values.size() != 1) {
                return Optional.empty();
            }
            matcher.appendReplacement(out, Matcher.quoteReplacement(values.getFirst()));
        }
        matcher.appendTail(out);
        return Optional.of(out.toString());
    }

    private static boolean fitsConditions(JsonNode conditions, Map<String, List<String>> context) {
        for (Map.Entry<String, JsonNode> operator : conditions.properties()) {
            for (Map.Entry<String, JsonNode> key : operator.getValue().properties()) {
                if (!fitsCondition(operator.getKey(), key.getKey(), key.getValue(), context)) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean fitsCondition(
            String operator, String key, JsonNode wanted, Map<String, List<String>> context) {
        List<String> actual = context.getOrDefault(key, List.of());
        String bare = bare(operator);
        if (bare.equals("Null")) {
            return wanted.asText().equals("true") == actual.isEmpty();
        }
        boolean negative = bare.contains("Not");
        if (actual.isEmpty()) {
            // IAM: a missing key fails a positive test and passes a negative one.
            boolean anyValue = operator.startsWith("ForAnyValue:");
            return operator.endsWith("IfExists")
                    || operator.startsWith("ForAllValues:")
                    || (negative && !anyValue);
        }
        List<String> patterns = new ArrayList<>();
        for (JsonNode each : list(wanted)) {
            filled(each.asText(), context).ifPresent(patterns::add);
        }
        boolean exact = bare.equals("StringEquals") || bare.equals("StringNotEquals");
        if (operator.startsWith("ForAllValues:")) {
            return actual.stream().allMatch(value -> matches(value, patterns, exact) != negative);
        }
        return actual.stream().anyMatch(value -> matches(value, patterns, exact) != negative);
    }

    private static boolean matches(String value, List<String> patterns, boolean exact) {
        return patterns.stream()
                .anyMatch(pattern -> exact ? pattern.equals(value) : isLike(pattern, value));
    }

    private static String bare(String operator) {
        String text = operator.substring(operator.indexOf(':') + 1);
        return text.endsWith("IfExists")
                ? text.substring(0, text.length() - "IfExists".length())
                : text;
    }

    /** Whether a text fits a pattern with {@code *} and {@code ?}. */
    static boolean isLike(String pattern, String text) {
        int p = 0;
        int t = 0;
        int star = -1;
        int back = 0;
        while (t < text.length()) {
            if (p < pattern.length() && pattern.charAt(p) == '*') {
                star = p++;
                back = t;
            } else if (p < pattern.length()
                    && (pattern.charAt(p) == '?' || pattern.charAt(p) == text.charAt(t))) {
                p++;
                t++;
            } else if (star >= 0) {
                p = star + 1;
                t = ++back;
            } else {
                return false;
            }
        }
        while (p < pattern.length() && pattern.charAt(p) == '*') {
            p++;
        }
        return p == pattern.length();
    }

    private static List<JsonNode> list(JsonNode node) {
        List<JsonNode> all = new ArrayList<>();
        if (node.isArray()) {
            node.forEach(all::add);
        } else if (!node.isMissingNode()) {
            all.add(node);
        }
        return all;
    }
}
