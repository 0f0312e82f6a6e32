package io.armrunner.ci;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.spec.Variable;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PureRulesTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "*.md | README.md | true",
                "*.md | docs/a.md | false",
                "**/*.md | README.md | true",
                "**/*.md | docs/x/a.md | true",
                "docs/**/* | docs/x/a.md | true",
                "docs/** | docs/x/a.md | false",
                "docs/** | docs/a.md | true",
                "src/*.{c,h} | src/a.h | true",
                "src/*.{c,h} | src/a.o | false",
                "{a,b{1,2}}/x | b2/x | true",
                "a?c | abc | true",
                "a?c | a/c | false",
                "[a-c]x | bx | true",
                "[!a-c]x | bx | false",
                "*/.hidden | a/.hidden | true",
                "Dockerfile | Dockerfile | true",
            })
    void globMatchesAsInGitLab(String glob, String path, boolean expected) {
        assertThat(Globs.matches(glob, path)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "ci/*.yml,ci/a.yml,true",
        "ci/*.yml,ci/x/a.yml,false",
        "ci/**.yml,ci/x/a.yml,true",
        "ci/**/*.yml,ci/a.yml,false"
    })
    void includeGlobCrossesDirectoriesWithTwoStars(String glob, String path, boolean expected) {
        assertThat(Globs.matchesInclude(glob, path)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "3600,3600",
        "1h 30m,5400",
        "90 minutes,5400",
        "1 day and 2 hours,93600",
        "2h20min,8400",
        "1 week,604800",
        "1.5h,5400",
        "3 mins 4 sec,184",
        "10 months,25920000"
    })
    void durationIsRead(String text, long seconds) {
        assertThat(Durations.parse(text).orElseThrow().toSeconds()).isEqualTo(seconds);
    }

    @ParameterizedTest
    @CsvSource({"soon", "1 fortnight", "''", "h", "1..5h", "-5m"})
    void whatIsNoDurationIsTold(String text) {
        assertThat(Durations.parse(text)).isEmpty();
    }

    @Test
    void variablesAreFilledInAllTheWayDownAndUnknownOnesStay() {
        List<Variable> expanded =
                VariableExpansion.expand(
                        List.of(
                                Variable.of("A", "a"),
                                Variable.of("B", "$A-${A}-%A%"),
                                Variable.of("C", "<$B> $UNKNOWN $$A ${A"),
                                new Variable("RAW", "$A", true, false, false, true),
                                Variable.of("D", "$RAW"),
                                Variable.of("X", "$Y"),
                                Variable.of("Y", "$X")));
        assertThat(expanded.stream().map(Variable::value))
                .containsExactly(
                        "a", "a-a-a", "<a-a-a> $UNKNOWN $$A ${A", "$A", "$RAW", "$X", "$Y");
    }

    @Test
    void slugIsLowerCaseWithDashes() {
        assertThat(PredefinedVariables.slug("Feature/CAN_Bus-")).isEqualTo("feature-can-bus");
        assertThat(PredefinedVariables.slug("x".repeat(80))).hasSize(63);
    }
}
