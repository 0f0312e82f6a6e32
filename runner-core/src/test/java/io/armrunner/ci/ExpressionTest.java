package io.armrunner.ci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExpressionTest {
    private static final Map<String, String> VARIABLES =
            Map.of(
                    "A", "alpha", "EMPTY", "", "B", "beta", "PATTERN", "/^al/", "BAD", "/(/",
                    "PLAIN", "xalphax", "PATH", "a/b");

    @ParameterizedTest
    @CsvSource(
            delimiter = '¦',
            quoteCharacter = '`',
            value = {
                "$A ¦ true",
                "${A} ¦ true",
                "$EMPTY ¦ false",
                "$NONE ¦ false",
                "$A == \"alpha\" ¦ true",
                "$A == 'alpha' ¦ true",
                "'alpha' == $A ¦ true",
                "$A != 'alpha' ¦ false",
                "$A == $B ¦ false",
                "$NONE == null ¦ true",
                "$EMPTY == null ¦ false",
                "$EMPTY == '' ¦ true",
                "$NONE == '' ¦ false",
                "$A != null ¦ true",
                "$A =~ /^al.*a$/ ¦ true",
                "$A =~ /ALPHA/ ¦ false",
                "$A =~ /ALPHA/i ¦ true",
                "$A !~ /beta/ ¦ true",
                "$PATH =~ /a\\/b/ ¦ true",
                "$A =~ $PATTERN ¦ true",
                "$B =~ $PATTERN ¦ false",
                "$A =~ $BAD ¦ false",
                "$A =~ $NONE ¦ false",
                "$A !~ $NONE ¦ true",
                "$A =~ $PLAIN ¦ true",
                "$NONE =~ /^$/ ¦ true",
                "$A && $B ¦ true",
                "$A && $NONE ¦ false",
                "$NONE || $B ¦ true",
                "$NONE && $A || $B ¦ true",
                "$NONE && ($A || $B) ¦ false",
                "$A || $NONE && $NONE ¦ true",
                "($A == 'x' || $B == 'beta') && $A =~ /a/ ¦ true",
                "$A==\"alpha\"&&$B==\"beta\" ¦ true",
                "'text' ¦ true",
                "null ¦ false",
            })
    void conditionHolds(String condition, boolean expected) throws Exception {
        assertThat(Expression.parse(condition).holds(VARIABLES)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '¦',
            quoteCharacter = '`',
            value = {
                "$A == ¦ 5 ¦ found the end",
                "$A = 'x' ¦ 3 ¦ where an operator",
                "($A ¦ 3 ¦ where ) belongs",
                "$A == 'x ¦ 6 ¦ no closing '",
                "$A =~ /x ¦ 6 ¦ no closing /",
                "$A =~ /(/ ¦ 6 ¦ the pattern is wrong",
                "$A =~ /x/g ¦ 6 ¦ unknown flag",
                "$ ¦ 0 ¦ variable's name",
                "A == 'x' ¦ 0 ¦ text in quotes",
                "$A $B ¦ 3 ¦ where an operator",
            })
    void wrongConditionTellsWhere(String condition, int offset, String message) {
        assertThatThrownBy(() -> Expression.parse(condition))
                .isInstanceOfSatisfying(
                        Expression.SyntaxException.class,
                        e -> assertThat(e.offset()).isEqualTo(offset))
                .hasMessageContaining(message);
    }
}
