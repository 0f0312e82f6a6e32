package io.armrunner.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.plan.JobPlan;
import io.armrunner.plan.PlanFixture;
import io.armrunner.plan.PlanFixture.Ran;
import io.armrunner.plan.Stage;
import io.armrunner.shell.ShellText;
import io.armrunner.spec.JobFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs rendered stages in real shells. */
class StageScriptsTest {
    @TempDir Path root;

    private PlanFixture job;

    @BeforeEach
    void makeTheProject() throws JobFailure, IOException, InterruptedException {
        job = new PlanFixture(root);
        Files.createDirectories(job.project());
    }

    private Ran script(String shell, String... commands)
            throws JobFailure, IOException, InterruptedException {
        job.step("script", commands);
        return job.run(shell, "step_script");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-77")
    @Tag("JS-83")
    @Tag("JS-91")
    void allCommandsShareOneShellAndAreShownUnexpanded(String shell)
            throws JobFailure, IOException, InterruptedException {
        Files.createDirectories(job.project().resolve("sub"));
        Ran ran = script(shell, "cd sub", "echo \"${PWD##*/}\"");
        assertThat(ran.status()).isZero();
        assertThat(ran.out())
                .isEqualTo(
                        "\u001b[32;1m$ cd sub\u001b[0;m\n\u001b[32;1m$ echo \"${PWD##*/}\"\u001b[0;m\nsub\n");
        assertThat(ran.err()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-78")
    void aFailingCommandEndsTheStage(String shell)
            throws JobFailure, IOException, InterruptedException {
        Ran ran = script(shell, "false", "echo no");
        assertThat(ran.status()).isEqualTo(1);
        assertThat(ran.lines()).containsExactly("$ false");
    }

    @Test
    @Tag("JS-79")
    void aPipelineFailsWhereTheShellCanTell() throws JobFailure, IOException, InterruptedException {
        job.step("script", "false | true");
        assertThat(job.run("bash", "step_script").status()).isEqualTo(1);
        assertThat(job.run("dash", "step_script").status()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-80")
    void theExitCodeCheckCatchesWhatErrexitLetsPass(String shell)
            throws JobFailure, IOException, InterruptedException {
        job.step("script", "set +e", "(exit 7)", "echo yes");
        assertThat(job.run(shell, "step_script").lines()).endsWith("yes");
        job.flags = Map.of("FF_ENABLE_BASH_EXIT_CODE_CHECK", true);
        Ran checked = job.run(shell, "step_script");
        assertThat(checked.status()).isEqualTo(7);
        assertThat(checked.lines()).doesNotContain("yes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-81")
    void exitInTheMiddleEndsTheStageWithItsStatus(String shell)
            throws JobFailure, IOException, InterruptedException {
        assertThat(script(shell, "exit 0", "echo no").lines()).containsExactly("$ exit 0");
        job = new PlanFixture(root);
        assertThat(script(shell, "exit 42", "echo no").status()).isEqualTo(42);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-82")
    void commandsReadAnEmptyInput(String shell)
            throws JobFailure, IOException, InterruptedException {
        assertThat(script(shell, "cat", "echo done").lines())
                .containsExactly("$ cat", "$ echo done", "done");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-84")
    @Tag("JS-86")
    void multiLineCommandsAreCollapsedAndEmptyOnesGiveALine(String shell)
            throws JobFailure, IOException, InterruptedException {
        Ran ran = script(shell, "for i in 1 2\ndo echo item-$i\ndone\n", "  ", " echo x ");
        assertThat(ran.lines())
                .containsExactly(
                        "$ for i in 1 2 # collapsed multi-line command",
                        "item-1",
                        "item-2",
                        "",
                        "$ echo x",
                        "x");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-85")
    void multiLineCommandsCanBecomeSections(String shell)
            throws JobFailure, IOException, InterruptedException {
        job.flags = Map.of("FF_SCRIPT_SECTIONS", true);
        Ran ran = script(shell, "echo a\necho b");
        assertThat(ran.out())
                .matches(
                        "section_start:\\d{10}:section_script_step_0\\[hide_duration=true,collapsed=true]\r\u001b\\[0K"
                                + "\u001b\\[32;1m\\$ echo a\necho b\u001b\\[0;m\n"
                                + "section_end:\\d{10}:section_script_step_0\r\u001b\\[0Ka\nb\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-87")
    @Tag("JS-88")
    void configuredScriptsWrapTheStepButNotAfterScript(String shell)
            throws JobFailure, IOException, InterruptedException {
        job.preBuild = "pre=1";
        job.postBuild = "echo post$pre";
        job.step("script", "inner=2; cd /", "echo script$pre")
                .step("after_script", "echo \"[$pre$inner]\"", "pwd");
        assertThat(job.run(shell, "step_script").lines())
                .endsWith("script1", "$ echo post$pre", "post1");
        assertThat(job.run(shell, "after_script", "success").lines())
                .containsExactly(
                        "Running after script...",
                        "$ echo \"[$pre$inner]\"",
                        "[]",
                        "$ pwd",
                        job.project().toString());
        job = new PlanFixture(root);
        job.postBuild = "echo post";
        assertThat(script(shell, "false").lines()).containsExactly("$ false");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-95")
    void commandsBeforeASyntaxErrorAreRun(String shell)
            throws JobFailure, IOException, InterruptedException {
        Ran ran = script(shell, "echo one", "echo two", "if then fi");
        assertThat(ran.status()).isNotZero();
        assertThat(ran.lines()).contains("one", "two");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-41")
    void everyValueArrivesAsItIs(String shell)
            throws JobFailure, IOException, InterruptedException {
        String nasty =
                "it's \"q\" $(id) `id` \\n \\ $$ ${X:-y} !! é 漢 😊 \t# ;&|<>*?[]{}~\nsecond line\n";
        job.raw("NASTY", nasty).raw("EMPTY", "");
        Ran ran = script(shell, "printf '%s' \"$NASTY\" >got", "printf '[%s]' \"${EMPTY-unset}\"");
        assertThat(ran.status()).isZero();
        assertThat(Files.readString(job.project().resolve("got"))).isEqualTo(nasty);
        assertThat(ran.out()).endsWith("[]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    void quotedWordsAreReadBackByTheShell(String shell)
            throws JobFailure, IOException, InterruptedException {
        for (int c = 1; c < 256; c++) {
            String value = "a" + (char) c + (char) c + "'b";
            Ran ran = PlanFixture.run(root, Map.of(), shell, "printf %s " + ShellText.quote(value));
            assertThat(ran.out()).isEqualTo(value);
            c += c > 126 ? 31 : 5;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-36")
    @Tag("JS-46")
    void valuesAreExpandedBeforeTheShellSeesThem(String shell)
            throws JobFailure, IOException, InterruptedException {
        job.variable("P", "$CI_PROJECT_DIR/a").step("script", "echo $P $CI_JOB_STATUS");
        job.step("after_script", "echo $CI_JOB_STATUS");
        assertThat(job.run(shell, "step_script").lines()).endsWith(job.project() + "/a running");
        assertThat(job.run(shell, "after_script", "failed").lines()).endsWith("failed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-42")
    @Tag("RP-51")
    void aFileVariableIsAPrivateFileOfTheExactContent(String shell)
            throws JobFailure, IOException, InterruptedException {
        job.file("F", "two\nlines, no end").variable("G", "$F");
        Ran ran = script(shell, "echo $F", "echo $G", "cat \"$F\"");
        Path file = Path.of(job.plan().directories().temp(), "F");
        assertThat(ran.lines())
                .contains("$ echo $F", file.toString(), "$ echo $G", "two")
                .containsOnlyOnce("two");
        assertThat(ran.out()).endsWith("\ntwo\nlines, no end");
        assertThat(Files.readString(file)).isEqualTo("two\nlines, no end");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        JobPlan plan = job.plan();
        Stage.Cleanup cleanup = (Stage.Cleanup) plan.stages().getLast();
        assertThat(cleanup.files()).contains(file.toString());
        assertThat(StageScripts.render(plan, cleanup, "success")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-44")
    void laterStagesGetWhatAJobPutsIntoGitlabEnv(String shell)
            throws JobFailure, IOException, InterruptedException {
        job.step("script", "echo ' K=v w ' >>$GITLAB_ENV", "printf 'NO=1' >>$GITLAB_ENV");
        job.step("after_script", "echo \"[$K][$NO]\"");
        assertThat(job.run(shell, "step_script").status()).isZero();
        assertThat(job.run(shell, "after_script", "success").lines()).endsWith("[v w][]");
        // The next job of this slot starts afresh.
        assertThat(job.run(shell, "prepare_script").lines()).containsExactly("Running on pi-1...");
        assertThat(job.run(shell, "after_script", "success").lines()).endsWith("[][]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-45")
    void anEmptyLineInGitlabEnvFailsTheNextStage(String shell)
            throws JobFailure, IOException, InterruptedException {
        job.step("script", "echo >>$GITLAB_ENV").step("after_script", "echo reached");
        assertThat(job.run(shell, "step_script").status()).isZero();
        Ran ran = job.run(shell, "after_script", "success");
        assertThat(ran.status()).isNotZero();
        assertThat(ran.lines()).doesNotContain("reached");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    void aNameThatIsNoIdentifierFailsTheStageAndRunsNothing(String shell)
            throws JobFailure, IOException, InterruptedException {
        job.raw("A;touch${IFS}x", "v");
        Ran ran = script(shell, "echo reached");
        assertThat(ran.status()).isNotZero();
        assertThat(ran.out()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-47")
    @Tag("JS-48")
    void theDebugTraceShowsTheCommands(String shell)
            throws JobFailure, IOException, InterruptedException {
        job.variable("CI_DEBUG_TRACE", "true").step("script", "echo traced");
        assertThat(job.run(shell, "step_script").err()).contains("+ echo traced");
        job.debugTraceDisabled = true;
        assertThat(job.run(shell, "step_script").err()).isEmpty();
        assertThat(job.plan().debugTrace()).isFalse();
    }

    @Test
    void aMissingProjectDirectoryFailsTheStep()
            throws JobFailure, IOException, InterruptedException {
        Files.delete(job.project());
        assertThat(script("bash", "echo reached").status()).isNotZero();
    }

    @Test
    void aStageOfManyVariablesStartsNoProcess()
            throws JobFailure, IOException, InterruptedException {
        for (int i = 0; i < 60; i++) {
            job.variable("VARIABLE_" + i, "value " + i);
        }
        job.step("script", ":").step("after_script", ":");
        assertThat(job.run("bash", "step_script").status()).isZero();
        // Nothing but the shell is found on this path, so a stage that needed a tool would fail.
        JobPlan plan = job.plan();
        for (Stage stage : List.of(plan.stages().get(2), plan.stages().get(3))) {
            String text = StageScripts.render(plan, stage, "success").orElseThrow().text();
            Ran ran = PlanFixture.run(root, Map.of("PATH", "/nonexistent"), "/usr/bin/bash", text);
            assertThat(ran.status()).isZero();
            assertThat(ran.err()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-94")
    void aTerminatedScriptIsNotPrinted(String shell)
            throws JobFailure, IOException, InterruptedException {
        job.step("script", "echo started", "sleep 600", "echo unreached");
        JobPlan plan = job.plan();
        Path in = root.resolve("in");
        Path out = root.resolve("out");
        Files.writeString(
                in,
                StageScripts.render(plan, plan.stages().get(2), "running").orElseThrow().text());
        Process process =
                new ProcessBuilder(shell)
                        .redirectInput(in.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(out.toFile())
                        .start();
        // The subshell and its sleep: a signal before that would have to wait for the sleep's end.
        await().atMost(Duration.ofSeconds(60)).until(() -> process.descendants().count() == 2);
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isNotZero();
        assertThat(Files.readString(out)).doesNotContain("export").doesNotContain("unreached");
    }
}
