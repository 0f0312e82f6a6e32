package io.armrunner.variables;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.spec.Variable;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExpansionTest {
    private static final JobVariables VARIABLES =
            JobVariables.of(
                    List.of(
                            Variable.of("A", "first"),
                            Variable.of("A", "a"),
                            Variable.of("LONG_1", "long"),
                            new Variable("F", "content", true, false, true, false),
                            new Variable("R", "$A", true, false, false, true)),
                    "/tmp/demo.tmp");

    @ParameterizedTest
    @CsvSource(
            ignoreLeadingAndTrailingWhitespace = false,
            delimiter = '|',
            emptyValue = "",
            value = {
                "plain|plain",
                "$A|a",
                "${A}|a",
                "x$A-y|xa-y",
                "$LONG_1.|long.",
                "[$NOPE]|[]",
                "$$A|$A",
                "cost $$5|cost $5",
                "[$1abc]|[abc]",
                "[$*$#$@$!$?$-]|[]",
                "[${A:-x}]|[]",
                "[${A/b/c}]|[]",
                "end$|end$",
                "$ x|$ x",
                "$.|$.",
                "[${A|[A",
                "[${}]|[]",
                "%A%|%A%",
                "$F|/tmp/demo.tmp/F",
                "$R|$A",
                "$A$A|aa",
                "é$A漢|éa漢"
            })
    @Tag("JS-37")
    @Tag("JS-38")
    @Tag("JS-43")
    @Tag("RP-49")
    void referencesAreReplacedOnce(String text, String expected) {
        assertThat(VARIABLES.expand(text)).isEqualTo(expected);
    }

    @Test
    @Tag("JS-39")
    @Tag("JS-40")
    @Tag("RP-50")
    void valuesAreExpandedOnceAgainstTheOriginals() {
        JobVariables expanded =
                JobVariables.of(
                                List.of(
                                        Variable.of("A", "$B"),
                                        Variable.of("B", "$C"),
                                        Variable.of("C", "1"),
                                        new Variable("R", "a$C", true, false, false, true)),
                                "/t")
                        .expanded();
        assertThat(expanded.get("A")).isEqualTo("$C");
        assertThat(expanded.get("B")).isEqualTo("1");
        assertThat(expanded.get("R")).isEqualTo("a$C");
    }

    @Test
    void masksAreTrimmedUniqueAndLongestFirst() {
        JobVariables variables =
                JobVariables.of(
                        List.of(
                                Variable.masked("A", " short "),
                                Variable.masked("B", "much longer"),
                                Variable.masked("C", "short"),
                                Variable.masked("D", "  ")),
                        "/t");
        assertThat(variables.masks().stream().map(mask -> mask.value()))
                .containsExactly("much longer", "short");
    }
}
