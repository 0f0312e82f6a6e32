package io.armrunner.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.spec.Variable;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Variables as a job's shell sees them (job-semantics §2). */
final class VariablesTest {
    @RegisterExtension final RunnerUnderTest runner = new RunnerUnderTest();

    @Test
    @Tag("JS-32")
    @Tag("JS-33")
    @Tag("JS-168")
    void theRunnerAddsWhatOnlyItKnows() throws Exception {
        Ended job =
                runner.run(
                                runner.job()
                                        .script(
                                                "for name in CI_PROJECT_DIR CI_BUILDS_DIR CI_CONCURRENT_ID CI_CONCURRENT_PROJECT_ID CI_SERVER CI_JOB_TIMEOUT CI_RUNNER_SHORT_TOKEN CI_RUNNER_VERSION CI_RUNNER_REVISION CI_RUNNER_EXECUTABLE_ARCH RUNNER_TEMP_PROJECT_DIR CI_SHARED_ENVIRONMENT; do echo $name=${!name-unset}; done",
                                                "echo disposable=${CI_DISPOSABLE_ENVIRONMENT-unset}",
                                                "pwd"))
                        .succeeded();

        String token = runner.runner().token().shortForm();
        assertThat(token).hasSize(9);
        Path project = runner.builds().resolve(token).resolve("0/local/job");
        assertThat(job.output())
                .containsExactly(
                        "CI_PROJECT_DIR=" + project,
                        "CI_BUILDS_DIR=" + runner.builds(),
                        "CI_CONCURRENT_ID=0",
                        "CI_CONCURRENT_PROJECT_ID=0",
                        "CI_SERVER=yes",
                        "CI_JOB_TIMEOUT=3600",
                        "CI_RUNNER_SHORT_TOKEN=" + token,
                        "CI_RUNNER_VERSION=1.0.0",
                        "CI_RUNNER_REVISION=main",
                        "CI_RUNNER_EXECUTABLE_ARCH=linux/arm64",
                        "RUNNER_TEMP_PROJECT_DIR=" + project + ".tmp",
                        "CI_SHARED_ENVIRONMENT=true",
                        "disposable=unset",
                        project.toString());
    }

    @Test
    @Tag("JS-34")
    @Tag("JS-35")
    void theRunnersEnvironmentIsWeakerThanTheJobs() throws Exception {
        runner.start("environment = [\"X=cfg\", \"Y=cfg\", \"BROKEN\"]");

        Ended job =
                runner.run(runner.job().variable("X", "job").script("echo $X $Y ${BROKEN-unset}"))
                        .succeeded();

        assertThat(job.output()).containsExactly("job cfg unset");
    }

    @Test
    @Tag("JS-36")
    @Tag("JS-37")
    @Tag("JS-38")
    @Tag("JS-39")
    @Tag("JS-40")
    @Tag("RP-49")
    @Tag("RP-50")
    void valuesAreExpandedOnceByTheRunner() throws Exception {
        Ended job =
                runner.run(
                                runner.job()
                                        .variable("P", "$CI_PROJECT_NAME/a")
                                        .variable("D", "cost $$5")
                                        .variable("E", "${NOPE:-dflt}")
                                        .rawVariable("R", "$CI_PROJECT_NAME")
                                        .variable("A", "$B")
                                        .variable("B", "$C")
                                        .variable("C", "1")
                                        .variable("TWICE", "first")
                                        .variable("TWICE", "second")
                                        .script(
                                                "for name in P D E R A B TWICE; do echo $name=${!name}; done",
                                                "printf '%s\\n' '$P'"))
                        .succeeded();

        assertThat(job.output())
                .containsExactly(
                        "P=job/a",
                        "D=cost $5",
                        "E=",
                        "R=$CI_PROJECT_NAME",
                        "A=$C",
                        "B=1",
                        "TWICE=second",
                        "$P");
    }

    @Test
    @Tag("JS-41")
    void everyValueArrivesAsItIsAndNothingOfItIsExecuted() throws Exception {
        String value = "line 1\nline '2' \"quoted\" $(touch here) `touch there` \\ ü € * ~ !\ttab";
        Ended job =
                runner.run(
                                runner.job()
                                        .rawVariable("V", value)
                                        .script(
                                                "printf '%s' \"$V\" | od -An -v -tx1 | tr -d ' \\n'; echo",
                                                "ls -A"))
                        .succeeded();

        StringBuilder hex = new StringBuilder();
        for (byte b : value.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
            hex.append("%02x".formatted(b & 0xff));
        }
        assertThat(job.output()).containsExactly(hex.toString());
    }

    @Test
    @Tag("JS-42")
    @Tag("JS-43")
    @Tag("RP-51")
    void aFileVariableIsAPathAndItsFileGoesWithTheJob() throws Exception {
        Ended job =
                runner.run(
                                runner.job()
                                        .fileVariable("F", "one\ntwo")
                                        .variable("G", "$F")
                                        .script(
                                                "echo $F",
                                                "echo $G",
                                                "stat -c %a $F",
                                                "cat $F; echo '<'"))
                        .succeeded();

        Path file = runner.projectDirectory(0, "local/job.tmp").resolve("F");
        assertThat(job.output())
                .containsExactly(file.toString(), file.toString(), "600", "one", "two<");
        runner.awaitIdle();
        assertThat(file).doesNotExist();
    }

    @Test
    @Tag("JS-44")
    void whatAJobWritesToItsEnvironmentFileIsThereLater() throws Exception {
        Ended job =
                runner.run(
                                runner.job()
                                        .script("echo K=v >> $GITLAB_ENV", "echo ${K-unset}")
                                        .step("deploy", "on_success", false, "echo in deploy $K")
                                        .afterScript("echo in after $K"))
                        .succeeded();

        assertThat(job.output()).containsExactly("unset");
        assertThat(job.output("step_deploy")).containsExactly("in deploy v");
        assertThat(job.output("after_script")).contains("in after v");
    }

    @Test
    @Tag("JS-45")
    void anEmptyLineInTheEnvironmentFileFailsOnlyAfterScript() throws Exception {
        Ended job =
                runner.run(runner.job().script("echo >> $GITLAB_ENV").afterScript("echo never"))
                        .succeeded();

        assertThat(job.log())
                .contains("WARNING: after_script failed, but job will continue unaffected");
        assertThat(job.output("after_script")).doesNotContain("never");
    }

    @Test
    @Tag("JS-47")
    @Tag("RP-55")
    void theDebugTraceShowsCommandsAndIsAnnounced() throws Exception {
        Ended job =
                runner.run(runner.job().variable("CI_DEBUG_TRACE", "true").script("echo $((1+1))"))
                        .succeeded();

        assertThat(job.stage("step_script")).contains("+ echo 2");
        assertThat(job.job().isDebugTrace()).isTrue();
        assertThat(job.job().logPatches()).allMatch(patch -> patch.debugTrace());
    }

    @Test
    @Tag("JS-48")
    void theDebugTraceCanBeForbidden() throws Exception {
        runner.start("debug_trace_disabled = true");
        Ended job =
                runner.run(runner.job().variable("CI_DEBUG_TRACE", "true").script("echo $((1+1))"))
                        .succeeded();

        assertThat(job.log()).doesNotContain("+ echo 2").contains("WARNING: CI_DEBUG_TRACE");
        assertThat(job.job().isDebugTrace()).isFalse();
    }

    @Test
    @Tag("JS-23")
    @Tag("JS-49")
    void valuesThatAreOutOfRangeAreWarnedOfBeforeAllSections() throws Exception {
        Ended job =
                runner.run(
                                runner.job()
                                        .variable("GIT_CHECKOUT", "nope")
                                        .variable("GET_SOURCES_ATTEMPTS", "99")
                                        .script("true"))
                        .succeeded();

        String before = job.log().substring(0, job.log().indexOf("Preparing the"));
        assertThat(before)
                .contains("WARNING: ", "GIT_CHECKOUT", "nope", "GET_SOURCES_ATTEMPTS", "10");
    }

    @Test
    @Tag("JS-50")
    @Tag("JS-97")
    void aFlagOfTheRunnerBeatsTheJobsAndStandsInTheHeader() throws Exception {
        runner.start(
                "[runners.feature_flags]", "FF_SCRIPT_SECTIONS = false", "FF_TIMESTAMPS = false");
        Ended job =
                runner.run(
                                runner.job()
                                        .variable("FF_SCRIPT_SECTIONS", "true")
                                        .variable("FF_ENABLE_BASH_EXIT_CODE_CHECK", "true")
                                        .script("echo $FF_SCRIPT_SECTIONS"))
                        .succeeded();

        assertThat(job.output()).containsExactly("false");
        assertThat(job.log())
                .contains(
                        "  feature flags: FF_TIMESTAMPS:false, FF_ENABLE_BASH_EXIT_CODE_CHECK:true");
        assertThat(job.text()).doesNotContain("section_script_step");
    }

    @Test
    @Tag("RP-9")
    void theJobGetsTheConfiguredAuthority() throws Exception {
        Path authority = Files.writeString(runner.directory().resolve("ca.pem"), "the authority\n");
        runner.start("tls-ca-file = \"" + authority + "\"");

        Ended job = runner.run(runner.job().script("cat \"$CI_SERVER_TLS_CA_FILE\"")).succeeded();

        assertThat(job.output()).containsExactly("the authority");
    }

    @Test
    void theRunnersOwnEnvironmentIsBeneathTheJobs() throws Exception {
        runner.withEnvironment("FROM_RUNNER", "yes");
        Ended job =
                runner.run(
                                runner.job()
                                        .variable(Variable.of("HOME_TOO", "$HOME"))
                                        .script("echo $FROM_RUNNER $HOME"))
                        .succeeded();

        assertThat(job.output()).containsExactly("yes " + runner.home());
    }
}
