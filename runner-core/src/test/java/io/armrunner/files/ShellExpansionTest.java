package io.armrunner.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShellExpansionTest {
    private static final Map<String, String> VARIABLES =
            Map.of("A", "alpha", "P", "src/main/x.tar.gz", "E", "", "D", "$A", "_9", "u");

    @TempDir Path directory;

    private static String expand(String text) {
        return ShellExpansion.expand(text, VARIABLES::get);
    }

    /** What is expanded here is what bash makes of it between double quotes. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "plain",
                "$A",
                "${A}",
                "x$A/y",
                "$A$E$_9.",
                "a$",
                "$ A",
                "$.x",
                "100%",
                "\\$A",
                "\\\\$A",
                "\\n",
                "${A:-y}",
                "${E:-y}",
                "${E-y}",
                "${N-y}",
                "${N:-$A/z}",
                "${N:-${M:-deep}}",
                "${A:+y}",
                "${E:+y}",
                "${E+y}",
                "${N:=y}",
                "${#A}",
                "${P##*/}",
                "${P#*/}",
                "${P%.*}",
                "${P%%.*}",
                "${P/a/b}",
                "${P//a/b}",
                "${A^^}",
                "${A^}",
                "${A,,}",
                "${A:1:2}",
                "${A:2}",
                "${A: -2}",
                "$D",
                "~/x",
                "*.txt",
                "a b"
            })
    void itIsWhatBashMakesOfIt(String text) throws IOException, InterruptedException {
        ProcessBuilder bash =
                new ProcessBuilder("bash", "-c", "printf %s \"" + text + "\"")
                        .directory(directory.toFile());
        bash.environment().keySet().removeIf(name -> name.length() == 1);
        bash.environment().putAll(VARIABLES);
        Process process = bash.start();
        String expected =
                new String(
                        process.getInputStream().readAllBytes(),
                        java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        assertThat(expand(text)).isEqualTo(expected);
    }

    @Test
    void nothingIsRun() {
        assertThatThrownBy(() -> expand("$(id)")).hasMessageContaining("no command is run");
        assertThatThrownBy(() -> expand("`id`")).hasMessageContaining("no command is run");
        assertThatThrownBy(() -> expand("${A")).hasMessageContaining("not closed");
        assertThatThrownBy(() -> expand("${N:?give N}")).hasMessage("N: give N");
    }

    @Test
    void theFileOfLaterVariablesIsReadAsAShellDoes() {
        assertThat(HelperEnvironment.parse("A=1\n  B=x y \t\nC=\nD=a=b\nE\nlast=cut"))
                .containsExactlyInAnyOrderEntriesOf(
                        Map.of("A", "1", "B", "x y", "C", "", "D", "a=b"));
        assertThatThrownBy(() -> HelperEnvironment.parse("A=1\n\nB=2\n"))
                .hasMessageContaining("GITLAB_ENV");
        assertThatThrownBy(() -> HelperEnvironment.parse("9A=1\n")).hasMessageContaining("9A");
    }
}
