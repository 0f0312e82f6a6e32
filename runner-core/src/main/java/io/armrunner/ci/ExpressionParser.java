package io.armrunner.ci;

import io.armrunner.ci.Expression.SyntaxException;
import java.util.Optional;
import java.util.regex.PatternSyntaxException;

/** Reads a condition by recursive descent; one use per text. */
final class ExpressionParser {
    // A condition nested deeper than this is a mistake, and would otherwise end on the stack's.
    private static final int MAX_DEPTH = 100;

    private final String text;
    private int at;
    private int depth;

    ExpressionParser(String text) {
        this.text = text;
    }

    Expression parse() throws SyntaxException {
        Expression whole = or();
        skipBlanks();
        if (at < text.length()) {
            throw wrong("an operator (==, !=, =~, !~, &&, ||)");
        }
        return whole;
    }

    private Expression or() throws SyntaxException {
        Expression left = and();
        while (take("||")) {
            left = new Expression.Or(left, and());
        }
        return left;
    }

    private Expression and() throws SyntaxException {
        Expression left = test();
        while (take("&&")) {
            left = new Expression.And(left, test());
        }
        return left;
    }

    private Expression test() throws SyntaxException {
        Expression left = operand();
        if (take("==")) {
            return new Expression.Equality(left, operand(), true);
        }
        if (take("!=")) {
            return new Expression.Equality(left, operand(), false);
        }
        if (take("=~")) {
            return new Expression.Match(left, operand(), true);
        }
        if (take("!~")) {
            return new Expression.Match(left, operand(), false);
        }
        return left;
    }

    private Expression operand() throws SyntaxException {
        skipBlanks();
        if (at >= text.length()) {
            throw wrong("a variable, text, null or /pattern/");
        }
        char c = text.charAt(at);
        if (take("(")) {
            return parenthesised();
        }
        if (c == '$') {
            return variable();
        }
        if (c == '"' || c == '\'') {
            return quoted(c);
        }
        if (c == '/') {
            return regex();
        }
        if (text.startsWith("null", at) && !isWord(at + 4)) {
            at += 4;
            return new Expression.Null();
        }
        throw wrong("a variable, text in quotes, null or /pattern/");
    }

    private Expression parenthesised() throws SyntaxException {
        depth++;
        if (depth > MAX_DEPTH) {
            throw new SyntaxException(at, "more than " + MAX_DEPTH + " parentheses in each other");
        }
        Expression inner = or();
        if (!take(")")) {
            throw wrong(")");
        }
        depth--;
        return inner;
    }

    private Expression variable() throws SyntaxException {
        boolean braced = text.startsWith("${", at);
        int from = braced ? at + 2 : at + 1;
        int end = from;
        while (isWord(end)) {
            end++;
        }
        if (end == from || (braced && (end >= text.length() || text.charAt(end) != '}'))) {
            throw wrong("a variable's name after $");
        }
        at = braced ? end + 1 : end;
        return new Expression.Name(text.substring(from, end));
    }

    private Expression quoted(char quote) throws SyntaxException {
        int end = text.indexOf(quote, at + 1);
        if (end < 0) {
            throw new SyntaxException(at, "the text that starts here has no closing " + quote);
        }
        String value = text.substring(at + 1, end);
        at = end + 1;
        return new Expression.Text(value);
    }

    private Expression regex() throws SyntaxException {
        int start = at;
        int end = start + 1;
        while (end < text.length() && text.charAt(end) != '/') {
            end += text.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= text.length()) {
            throw new SyntaxException(start, "the pattern that starts here has no closing /");
        }
        end++;
        while (isWord(end)) {
            end++;
        }
        at = end;
        try {
            Optional<Expression.Regex> regex = Expression.Regex.of(text.substring(start, end));
            if (regex.isPresent()) {
                return regex.get();
            }
        } catch (PatternSyntaxException e) {
            throw new SyntaxException(start, "the pattern is wrong: " + e.getDescription());
        }
        throw new SyntaxException(start, "unknown flag after the pattern; allowed: i, m, s");
    }

    private boolean take(String token) {
        skipBlanks();
        if (!text.startsWith(token, at)) {
            return false;
        }
        at += token.length();
        return true;
    }

    private void skipBlanks() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }

    private boolean isWord(int index) {
        return index < text.length()
                && (Character.isLetterOrDigit(text.charAt(index)) || text.charAt(index) == '_');
    }

    private SyntaxException wrong(String expected) {
        String found =
                at >= text.length()
                        ? "the end"
                        : "\"" + text.substring(at, Math.min(text.length(), at + 12)) + "\"";
        return new SyntaxException(at, "found " + found + " where " + expected + " belongs");
    }
}
