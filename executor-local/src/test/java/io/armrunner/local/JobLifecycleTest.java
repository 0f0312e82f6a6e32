package io.armrunner.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.StateUpdate;
import io.armrunner.plan.Stage;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.testing.TestRepository;
import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What a job goes through, from its first section to GitLab's record of its end (job-semantics §1).
 */
final class JobLifecycleTest {
    @RegisterExtension final RunnerUnderTest runner = new RunnerUnderTest();

    @Test
    @Tag("JS-1")
    @Tag("JS-2")
    @Tag("JS-26")
    @Tag("JS-96")
    @Tag("RP-74")
    void aPlainJobHasFiveSectionsAndSucceeds() throws Exception {
        Ended job = runner.run(runner.job().script("echo hi")).succeeded();

        assertThat(job.stages())
                .containsExactly(
                        "prepare_executor",
                        "prepare_script",
                        "get_sources",
                        "step_script",
                        "cleanup_file_variables");
        assertThat(job.output()).containsExactly("hi");
        assertThat(job.text()).endsWith("\u001b[32;1mJob succeeded\u001b[0;m\n");
        List<String> lines = job.text().lines().toList();
        assertThat(lines.get(0)).startsWith("\u001b[0KRunning with armrunner 1.0.0 (main)");
        assertThat(lines.get(1))
                .startsWith(
                        "\u001b[0K  on under test "
                                + runner.runner().token().shortForm()
                                + ", system ID: "
                                + RunnerUnderTest.SYSTEM_ID);
        assertThat(job.job().updates().stream().filter(StateUpdate::isFinal)).hasSize(1);
        assertThat(job.report().body().has("exit_code")).isFalse();
        assertThat(job.report().body().has("failure_reason")).isFalse();
    }

    @Test
    @Tag("JS-3")
    void cachesAndArtifactsStandAroundTheScripts() throws Exception {
        JobBuilder files =
                runner.job().script("true").afterScript("true").artifacts("out/").cache("k", "c/");
        files.customize(JobLifecycleTest::withDependency);

        Ended job = runner.run(files).succeeded();

        assertThat(job.stages())
                .containsExactly(
                        "prepare_executor",
                        "prepare_script",
                        "get_sources",
                        "restore_cache",
                        "download_artifacts",
                        "step_script",
                        "after_script",
                        "archive_cache",
                        "upload_artifacts_on_success",
                        "cleanup_file_variables");
    }

    private static void withDependency(ObjectNode payload) {
        ObjectNode dependency = payload.putArray("dependencies").addObject();
        dependency.put("id", 1).put("name", "before").put("token", "t");
        dependency.putObject("artifacts_file").put("filename", "artifacts.zip").put("size", 1);
    }

    @Test
    @Tag("JS-4")
    void aFailedJobKeepsOnlyWhatIsForFailures() throws Exception {
        Ended nothing = runner.run(runner.job().script("false").artifacts("out/").cache("k", "c/"));
        assertThat(nothing.stages())
                .noneMatch(stage -> stage.startsWith("upload") || stage.startsWith("archive"));

        Ended both =
                runner.run(
                        runner.job()
                                .script("false")
                                .artifacts("on_failure", List.of("out/"), List.of())
                                .cache("k", "c/")
                                .customize(JobLifecycleTest::cacheOnFailure));
        assertThat(both.stages())
                .endsWith(
                        "step_script",
                        "archive_cache_on_failure",
                        "upload_artifacts_on_failure",
                        "cleanup_file_variables");
        both.failed("script_failure", ": exit status 1");
    }

    private static void cacheOnFailure(ObjectNode payload) {
        ((ObjectNode) payload.path("cache").path(0)).put("when", "on_failure");
    }

    @Test
    @Tag("JS-5")
    void withoutSourcesNoScriptRunsButFilesForFailuresAreKept() throws Exception {
        TestRepository repository = TestRepository.create(runner.directory().resolve("app"));
        JobBuilder job =
                runner.job()
                        .project(runner.gitlab().addProject("group/app", repository.directory()))
                        .script("echo never")
                        .afterScript("echo never")
                        .artifacts("on_failure", List.of("out/"), List.of())
                        .cache("k", "c/")
                        .customize(JobLifecycleTest::cacheOnFailure);
        runner.gitlab().faults().on(Endpoint.GIT_REFS).always().answer(500);

        Ended ended = runner.run(job).failed("script_failure", ": exit status 128");

        assertThat(ended.stages())
                .containsExactly(
                        "prepare_executor",
                        "prepare_script",
                        "get_sources",
                        "archive_cache_on_failure",
                        "upload_artifacts_on_failure",
                        "cleanup_file_variables");
    }

    @Test
    @Tag("JS-6")
    void nothingRunsAfterAShellThatCannotStart() throws Exception {
        Files.writeString(runner.home().resolve(".bash_profile"), "exit 3\n");

        Ended job = runner.run(runner.job().script("echo never").afterScript("echo never"));

        assertThat(job.stages()).containsExactly("prepare_executor", "prepare_script");
        assertThat(job.lastLine()).contains("prepare environment: exit status 3");
    }

    @Test
    @Tag("JS-7")
    void stepsRunInThePayloadsOrderAndAfterScriptLast() throws Exception {
        Ended job =
                runner.run(
                                runner.job()
                                        .script("echo one")
                                        .step("release", "on_success", false, "echo two")
                                        .afterScript("echo three"))
                        .succeeded();

        assertThat(job.stages())
                .containsExactly(
                        "prepare_executor",
                        "prepare_script",
                        "get_sources",
                        "step_script",
                        "step_release",
                        "after_script",
                        "cleanup_file_variables");
        assertThat(job.output("step_release")).containsExactly("two");
    }

    @Test
    @Tag("JS-8")
    void aStepAfterAFailedOneIsLeftOut() throws Exception {
        Ended job =
                runner.run(
                        runner.job()
                                .script("exit 7")
                                .step("release", "on_success", false, "echo two")
                                .afterScript("echo three"));

        assertThat(job.stages()).doesNotContain("step_release").contains("after_script");
        job.failed("script_failure", ": exit status 7");
    }

    @Test
    @Tag("JS-25")
    @Tag("RP-75")
    void theExitCodeOfTheScriptIsReported() throws Exception {
        Ended job = runner.run(runner.job().script("exit 42"));

        job.failed("script_failure", ": exit status 42");
        assertThat(job.report().body().path("exit_code").asInt()).isEqualTo(42);
        assertThat(job.job().exitCode()).hasValue(42);
    }

    @Test
    @Tag("JS-28")
    void aConfigurationErrorHasTheReasonThatTheServerKnows() throws Exception {
        Ended told =
                runner.run(
                        runner.job().variable("GIT_CLONE_PATH", "$CI_BUILDS_DIR/x").script("true"));
        Ended old =
                runner.run(
                        runner.job()
                                .variable("GIT_CLONE_PATH", "$CI_BUILDS_DIR/x")
                                .failureReasons(List.of("script_failure"))
                                .script("true"));

        assertThat(told.job().failureReason())
                .as(told.log())
                .contains("runner_configuration_error");
        assertThat(old.job().failureReason()).as(old.log()).contains("script_failure");
    }

    @Test
    @Tag("JS-22")
    void sourcesAreTriedAgainInAnEmptyDirectory() throws Exception {
        TestRepository repository = TestRepository.create(runner.directory().resolve("app"));
        JobBuilder job =
                runner.job()
                        .project(runner.gitlab().addProject("group/app", repository.directory()))
                        .variable("GET_SOURCES_ATTEMPTS", "3")
                        .variable("FF_USE_EXPONENTIAL_BACKOFF_STAGE_RETRY", "false")
                        .script("cat README.md");
        runner.gitlab().faults().on(Endpoint.GIT_REFS).answer(500);

        Ended ended = runner.run(job).succeeded();

        assertThat(ended.stages())
                .containsExactly(
                        "prepare_executor",
                        "prepare_script",
                        "get_sources",
                        "clear_worktree",
                        "get_sources",
                        "step_script",
                        "cleanup_file_variables");
        assertThat(ended.log()).contains("WARNING: Retrying...");
        assertThat(ended.output()).containsExactly("first");
    }

    @Test
    @Tag("JS-46")
    @Tag("JS-88")
    @Tag("JS-89")
    void afterScriptIsAnotherShellThatKnowsTheStatusAndChangesNothing() throws Exception {
        Ended job =
                runner.run(
                                runner.job()
                                        .script(
                                                "export X=1",
                                                "mkdir d && cd d",
                                                "echo $CI_JOB_STATUS")
                                        .afterScript(
                                                "echo ${X-unset}",
                                                "pwd",
                                                "echo $CI_JOB_STATUS",
                                                "exit 9"))
                        .succeeded();

        assertThat(job.output()).containsExactly("running");
        assertThat(job.output("after_script"))
                .contains("unset", "success")
                .anyMatch(line -> line.endsWith("/local/job"));
        assertThat(job.log())
                .contains(
                        "WARNING: after_script failed, but job will continue unaffected: exit status 9");

        Ended strict =
                runner.run(
                        runner.job()
                                .variable("AFTER_SCRIPT_IGNORE_ERRORS", "false")
                                .script("true")
                                .afterScript("exit 9"));
        strict.failed("script_failure", ": exit status 9");

        Ended failed = runner.run(runner.job().script("false").afterScript("echo $CI_JOB_STATUS"));
        assertThat(failed.output("after_script")).contains("failed");
    }

    @Test
    @Tag("JS-20")
    void aPlaceThatCannotBeMadeIsTriedThreeTimes() throws Exception {
        FailingLane[] failing = new FailingLane[1];
        runner.withLane(lane -> {
            failing[0] = new FailingLane(lane, 2);
            return failing[0];
        });
        Ended job = runner.run(runner.job().script("true")).succeeded();
        assertThat(failing[0].tries()).isEqualTo(3);
        assertThat(job.log())
                .containsSubsequence(
                        "ERROR: Preparation failed: no place", "Will be retried in 100ms ...")
                .containsSubsequence("Will be retried", "Will be retried");
    }

    @Test
    @Tag("JS-20")
    void afterThreeTriesThePlaceIsASystemFailure() throws Exception {
        runner.withLane(lane -> new FailingLane(lane, Integer.MAX_VALUE));

        Ended job = runner.run(runner.job().script("true"));

        assertThat(job.job().failureReason()).contains("runner_system_failure");
        assertThat(job.log().split("Preparation failed: ", -1)).hasSize(4);
        assertThat(job.log().split("Will be retried in 100ms", -1)).hasSize(4);
    }

    @Test
    void aRunnerThatBreaksReportsItsJob() throws Exception {
        // As when a package manager replaces the program under a runner that has not loaded all.
        runner.withLane(lane ->
                new FailingLane(
                        lane,
                        Integer.MAX_VALUE,
                        () -> {
                            throw new NoClassDefFoundError("io/armrunner/Gone");
                        }));

        Ended job = runner.run(runner.job().script("true"));

        assertThat(job.job().failureReason()).contains("runner_system_failure");
        assertThat(job.log())
                .contains("the runner is broken", "io/armrunner/Gone", "start it again");
    }

    @Test
    @Tag("JS-21")
    void aHostWithoutTheConfiguredShellIsNotTriedAgain() throws Exception {
        runner.withEnvironment("PATH", "/nonexistent");

        Ended job = runner.run(runner.job().script("true"));

        assertThat(job.job().failureReason()).contains("runner_system_failure");
        assertThat(job.log())
                .contains("the runner's shell \"bash\" is not installed on this host")
                .doesNotContain("Will be retried");
        assertThat(job.stages()).containsExactly("prepare_executor");
    }

    @Test
    @Tag("RP-52")
    @Tag("RP-10")
    void nullsAndUnknownKeysInThePayloadAreFine() throws Exception {
        Ended job =
                runner.run(
                        runner.job()
                                .script("echo hi")
                                .customize(payload -> {
                                    for (String key :
                                            List.of(
                                                    "image",
                                                    "services",
                                                    "artifacts",
                                                    "cache",
                                                    "credentials",
                                                    "dependencies",
                                                    "inputs",
                                                    "policy_options")) {
                                        payload.putNull(key);
                                    }
                                    payload.remove("hooks");
                                    payload.put("brand_new", 7)
                                            .putObject("another")
                                            .put("key", true);
                                }));

        job.succeeded();
    }

    @Test
    @Tag("RP-53")
    void aJobOfTheStepsLanguageFailsClearlyAndRunsNothing() throws Exception {
        Ended job =
                runner.run(
                        runner.job()
                                .customize(payload ->
                                        payload.put(
                                                "run",
                                                "[{\"name\":\"a\",\"script\":\"touch here\"}]")));

        assertThat(job.state().isFinished()).isTrue();
        assertThat(job.log()).contains("ERROR: Job failed");
        assertThat(runner.builds()).doesNotExist();
    }

    @Test
    @Tag("JS-31")
    @Tag("RP-47")
    void unknownExecutorOptionsFailTheJobAndAreNamed() throws Exception {
        Ended job =
                runner.run(
                        runner.job()
                                .script("true")
                                .customize(payload ->
                                        payload.putObject("image")
                                                .put("name", "alpine")
                                                .putObject("executor_opts")
                                                .putObject("docker")
                                                .put("cpus", 1)));

        assertThat(job.job().failureReason()).contains("runner_system_failure");
        assertThat(job.job().exitCode()).hasValue(3);
        assertThat(job.log()).contains("cpus");
    }

    @Test
    @Tag("JS-82")
    void scriptsReadAnEmptyInput() throws Exception {
        Ended job = runner.run(runner.job().script("cat", "echo done")).succeeded();

        assertThat(job.output()).containsExactly("done");
    }

    @Test
    @Tag("JS-131")
    void aDownloadThatFailsIsTriedAsOftenAsTheJobSays() throws Exception {
        AtomicInteger downloads = new AtomicInteger();
        runner.withFiles((_, stage, _) -> {
            if (stage instanceof Stage.DownloadArtifacts) {
                downloads.incrementAndGet();
                throw new JobFailure(FailureReason.RUNNER_SYSTEM_FAILURE, "not found");
            }
        });
        JobBuilder job =
                runner.job().script("echo never").variable("ARTIFACT_DOWNLOAD_ATTEMPTS", "2");
        job.customize(JobLifecycleTest::withDependency);

        Ended failed = runner.run(job);

        assertThat(downloads).hasValue(2);
        assertThat(failed.state()).isEqualTo(JobState.FAILED);
        assertThat(failed.log()).contains("not found").doesNotContain("never");
    }

    @Test
    @Tag("JS-124")
    @Tag("RP-95")
    void anUploadThatFailsFailsAJobThatWasFineAndChangesNoOtherReason() throws Exception {
        runner.withFiles((_, stage, _) -> {
            if (stage instanceof Stage.UploadArtifacts) {
                throw new JobFailure(FailureReason.RUNNER_SYSTEM_FAILURE, "the upload was refused");
            }
        });

        Ended fine = runner.run(runner.job().script("true").artifacts("out/"));
        Ended failed =
                runner.run(
                        runner.job()
                                .script("exit 7")
                                .artifacts("always", List.of("out/"), List.of()));

        assertThat(fine.state()).isEqualTo(JobState.FAILED);
        assertThat(fine.log()).contains("the upload was refused");
        assertThat(fine.report().body().path("failure_reason").asText())
                .isEqualTo("runner_system_failure");
        assertThat(failed.report().body().path("failure_reason").asText())
                .isEqualTo("script_failure");
        assertThat(failed.report().body().path("exit_code").asInt()).isEqualTo(7);
    }
}
