package io.armrunner.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GlobTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "*.log|a.log",
                "*.log|.log",
                "**/*.log|a.log",
                "**/*.log|.hidden/deep/a.log",
                "out/**|out",
                "out/**|out/a/b",
                "out/**/*|out/a",
                "**|a/b/c",
                "a/**/b|a/b",
                "a/**/b|a/x/y/b",
                "a**|abc",
                "a?c|abc",
                "a?c|aüc",
                "a?c|a😀c",
                "[a-c]x|bx",
                "[^a-c]x|dx",
                "[!a]x|bx",
                "[]a]x|]x",
                "[\\]]x|]x",
                "{a,b}.txt|b.txt",
                "{a,b/c}/*.txt|b/c/x.txt",
                "x{,.gz}|x",
                "{a,{b,c}}d|cd",
                "\\*|*",
                "a\\{b|a{b",
                "*a*b*|xxaxxbxx",
                "dir|dir"
            })
    void matches(String pattern, String path) {
        assertThat(Glob.of(pattern).matches(path)).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "*.log|a/b.log",
                "*|a/b",
                "out/**/*|out",
                "out/**|outer",
                "dir|dir/x",
                "a?c|a/c",
                "a**|ab/c",
                "[a-c]x|dx",
                "[^a]x|ax",
                "{a,b}.txt|c.txt",
                "**/x/**/y|a/y/x",
                "*a*b|xxaxxbxx",
                "A|a"
            })
    void doesNotMatch(String pattern, String path) {
        assertThat(Glob.of(pattern).matches(path)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"[a", "{a", "a\\", "a}", "[^", "{a,{b}"})
    void aPatternThatIsNotClosedIsRefused(String pattern) {
        assertThatThrownBy(() -> Glob.of(pattern)).hasMessage("syntax error in pattern");
    }

    @Test
    void starsDoNotTakeForever() {
        assertThat(Glob.of("*a*a*a*a*a*a*a*a*a*b").matches("a".repeat(2000))).isFalse();
        assertThat(Glob.of("**/a/**/a/**/a/**/b").matches("a/".repeat(1000) + "a")).isFalse();
        assertThatThrownBy(() -> Glob.of("{a,b}".repeat(30)))
                .hasMessageContaining("too many alternatives");
    }
}
