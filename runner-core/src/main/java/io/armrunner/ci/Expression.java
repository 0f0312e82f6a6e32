package io.armrunner.ci;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * The condition of {@code rules:if} and {@code only:variables}: parsed once, then asked of any
 * variables.
 *
 * <p>Grammar: {@code or := and ("||" and)*}, {@code and := test ("&&" test)*}, {@code test :=
 * operand (("=="|"!="|"=~"|"!~") operand)?}, {@code operand := $NAME | "text" | 'text' | null |
 * /regex/flags | "(" or ")"}.
 */
sealed interface Expression {
    /** The value with these variables: null, a text, or a truth as {@code "true"} and null. */
    @Nullable String value(Map<String, String> variables);

    /** Whether the condition holds: neither null nor empty. */
    default boolean holds(Map<String, String> variables) {
        String value = value(variables);
        return value != null && !value.isEmpty();
    }

    /** Reads a condition. */
    static Expression parse(String text) throws SyntaxException {
        return new ExpressionParser(text).parse();
    }

    /** What is wrong with a condition, and where: {@code offset} counts from 0. */
    final class SyntaxException extends Exception {
        private static final long serialVersionUID = 1L;
        private final int offset;

        SyntaxException(int offset, String message) {
            super(message);
            this.offset = offset;
        }

        int offset() {
            return offset;
        }
    }

    /** {@code $NAME}: null when there is no such variable. */
    record Name(String name) implements Expression {
        @Override
        public @Nullable String value(Map<String, String> variables) {
            return variables.get(name);
        }
    }

    /** A quoted text. */
    record Text(String text) implements Expression {
        @Override
        public String value(Map<String, String> variables) {
            return text;
        }
    }

    /** {@code null}. */
    record Null() implements Expression {
        @Override
        public @Nullable String value(Map<String, String> variables) {
            return null;
        }
    }

    /** {@code /pattern/flags}. */
    record Regex(Pattern pattern, String source) implements Expression {
        @Override
        public String value(Map<String, String> variables) {
            return source;
        }

        /**
         * The pattern of {@code /pattern/flags}; empty when the text is not of that form. Its
         * syntax may be wrong.
         */
        static Optional<Regex> of(String text) {
            int end = text.lastIndexOf('/');
            if (end < 1 || text.charAt(0) != '/') {
                return Optional.empty();
            }
            int flags = 0;
            for (int i = end + 1; i < text.length(); i++) {
                switch (text.charAt(i)) {
                    case 'i' -> flags |= Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE;
                    case 'm' -> flags |= Pattern.MULTILINE;
                    case 's' -> flags |= Pattern.DOTALL;
                    default -> {
                        return Optional.empty();
                    }
                }
            }
            return Optional.of(
                    new Regex(
                            Pattern.compile(text.substring(1, end).replace("\\/", "/"), flags),
                            text));
        }
    }

    /** {@code ==} or {@code !=}: null equals null only. */
    record Equality(Expression left, Expression right, boolean equal) implements Expression {
        @Override
        public @Nullable String value(Map<String, String> variables) {
            String a = left.value(variables);
            String b = right.value(variables);
            boolean same = a == null ? b == null : a.equals(b);
            return same == equal ? "true" : null;
        }
    }

    /** {@code =~} or {@code !~}: an absent pattern matches nothing. */
    record Match(Expression left, Expression right, boolean found) implements Expression {
        @Override
        public @Nullable String value(Map<String, String> variables) {
            return matches(variables) == found ? "true" : null;
        }

        private boolean matches(Map<String, String> variables) {
            String value = left.value(variables);
            // GitLab looks at an absent variable as at an empty text here, unlike with ==.
            String text = value == null ? "" : value;
            if (right instanceof Regex regex) {
                return regex.pattern().matcher(text).find();
            }
            String source = right.value(variables);
            if (source == null) {
                return false;
            }
            try {
                // A variable whose value is no /pattern/ is searched for the left text, the wrong
                // way round: so does GitLab.
                Optional<Regex> regex = Regex.of(source);
                return regex.isPresent()
                        ? regex.get().pattern().matcher(text).find()
                        : source.contains(text);
            } catch (PatternSyntaxException e) {
                // A variable's value is not an error of the file: a pattern that cannot be read
                // matches nothing.
                return false;
            }
        }
    }

    /** {@code &&}: the value is that of the last one looked at. */
    record And(Expression left, Expression right) implements Expression {
        @Override
        public @Nullable String value(Map<String, String> variables) {
            return left.holds(variables) ? right.value(variables) : null;
        }
    }

    /** {@code ||}. */
    record Or(Expression left, Expression right) implements Expression {
        @Override
        public @Nullable String value(Map<String, String> variables) {
            return left.holds(variables) ? left.value(variables) : right.value(variables);
        }
    }
}
