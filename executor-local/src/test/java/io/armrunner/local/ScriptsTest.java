package io.armrunner.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.coordinator.CoordinatorJob;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The user's scripts on a real shell (job-semantics §4). */
final class ScriptsTest {
    @RegisterExtension final RunnerUnderTest runner = new RunnerUnderTest();

    @Test
    @Tag("JS-77")
    @Tag("JS-83")
    @Tag("JS-86")
    void linesShareOneShellAndAreShownAsWritten() throws Exception {
        Ended job =
                runner.run(
                                runner.job()
                                        .variable("WHO", "you")
                                        .script(
                                                "mkdir sub",
                                                "cd sub",
                                                "",
                                                "pwd",
                                                "echo \"hello $WHO\""))
                        .succeeded();

        assertThat(job.output())
                .containsExactly(
                        runner.projectDirectory(0, "local/job").resolve("sub").toString(),
                        "hello you");
        assertThat(job.text()).contains("\u001b[32;1m$ echo \"hello $WHO\"\u001b[0;m\n");
        assertThat(job.stage("step_script")).contains("$ cd sub\n\n$ pwd");
    }

    @Test
    @Tag("JS-78")
    void theFirstFailingLineEndsTheScript() throws Exception {
        Ended job = runner.run(runner.job().script("false", "echo no"));

        job.failed("script_failure", ": exit status 1");
        assertThat(job.output()).isEmpty();
    }

    @Test
    @Tag("JS-79")
    void aFailingPartOfAPipelineFails() throws Exception {
        runner.run(runner.job().script("false | true")).failed("script_failure", ": exit status 1");
    }

    @Test
    @Tag("JS-80")
    void whoSwitchesErrexitOffGoesOnUnlessTheFlagChecksEachLine() throws Exception {
        Ended lenient = runner.run(runner.job().script("set +e", "false", "echo yes")).succeeded();
        Ended strict =
                runner.run(
                        runner.job()
                                .variable("FF_ENABLE_BASH_EXIT_CODE_CHECK", "true")
                                .script("set +e", "false", "echo yes"));

        assertThat(lenient.output()).containsExactly("yes");
        strict.failed("script_failure", ": exit status 1");
        assertThat(strict.output()).isEmpty();
    }

    @Test
    @Tag("JS-81")
    void exitZeroInTheMiddleIsSuccess() throws Exception {
        Ended job = runner.run(runner.job().script("exit 0", "echo no")).succeeded();

        assertThat(job.output()).isEmpty();
    }

    @Test
    @Tag("JS-84")
    void aBlockIsShownByItsFirstLine() throws Exception {
        Ended job =
                runner.run(runner.job().script("for i in 1 2; do\n  echo item $i\ndone\n"))
                        .succeeded();

        assertThat(job.stage("step_script"))
                .contains("$ for i in 1 2; do # collapsed multi-line command\nitem 1\nitem 2\n");
    }

    @Test
    @Tag("JS-85")
    void blocksCanBecomeSections() throws Exception {
        Ended job =
                runner.run(
                                runner.job()
                                        .variable("FF_SCRIPT_SECTIONS", "true")
                                        .script("echo one\necho two"))
                        .succeeded();

        assertThat(job.text())
                .containsPattern(
                        "section_start:\\d+:section_script_step_0\\[hide_duration=true,collapsed=true\\]\r")
                .containsPattern("section_end:\\d+:section_script_step_0\r");
    }

    @Test
    @Tag("JS-87")
    void theRunnersScriptsWrapTheJobsButNotAfterScript() throws Exception {
        runner.start("pre_build_script = \"X=from-pre\"", "post_build_script = \"echo post $X\"");

        Ended job =
                runner.run(runner.job().script("echo $X").afterScript("echo after ${X-unset}"))
                        .succeeded();
        Ended failed = runner.run(runner.job().script("false"));

        assertThat(job.output()).containsExactly("from-pre", "post from-pre");
        assertThat(job.output("after_script"))
                .contains("after unset")
                .doesNotContain("post from-pre");
        assertThat(failed.output()).isEmpty();
    }

    @Test
    @Tag("JS-95")
    void linesBeforeASyntaxErrorRun() throws Exception {
        Ended job =
                runner.run(runner.job().script("echo one", "echo two", "if then ((", "echo four"));

        assertThat(job.output()).contains("one", "two").doesNotContain("four");
        assertThat(job.job().failureReason()).contains("script_failure");
    }

    @Test
    void jobsThatRunAtTheSameTimeDoNotMixTheirOutput() throws Exception {
        List<CoordinatorJob> jobs =
                List.of(
                        runner.queue(runner.job().script("for i in $(seq 200); do echo a$i; done")),
                        runner.queue(
                                runner.job().script("for i in $(seq 200); do echo b$i; done")));
        for (CoordinatorJob job : jobs) {
            job.awaitFinished(RunnerUnderTest.LIMIT);
        }
        assertThat(new Ended(jobs.getFirst()).succeeded().output())
                .hasSize(200)
                .allMatch(line -> line.startsWith("a"));
        assertThat(new Ended(jobs.getLast()).succeeded().output())
                .hasSize(200)
                .allMatch(line -> line.startsWith("b"));
    }

    @Test
    void aBackgroundProcessDoesNotHoldTheJob() throws Exception {
        Ended job =
                runner.run(runner.job().script("sleep 600 &", "echo $!", "echo done")).succeeded();

        assertThat(job.output()).contains("done");
        long left = Long.parseLong(job.output().getFirst());
        assertThat(ProcessHandle.of(left)).isPresent();
        ProcessHandle.of(left).ifPresent(ProcessHandle::destroyForcibly);
    }
}
