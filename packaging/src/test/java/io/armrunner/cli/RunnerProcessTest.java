package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.armrunner.coordinator.Coordinator;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.Project;
import io.armrunner.coordinator.RunnerSpec;
import io.armrunner.testing.CoordinatorExtension;
import io.armrunner.testing.LogDecoder;
import io.armrunner.testing.TestRepository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * {@code armrunner run} as a process: its configuration, jobs, signals, output and end
 * (job-semantics §11).
 */
@Timeout(400)
final class RunnerProcessTest {
    private static final Duration LIMIT = RunnerProcess.LIMIT;

    @RegisterExtension final CoordinatorExtension gitlab = RunnerProcess.gitlab();

    private Path config() {
        return gitlab.directory().resolve("config.toml");
    }

    private Coordinator coordinator() {
        return gitlab.coordinator();
    }

    /** Registers as a user does; the created runner. */
    private CoordinatorRunner registered() throws Exception {
        CoordinatorRunner runner =
                coordinator().registerRunner(new RunnerSpec("process", List.of(), true));
        try (RunnerProcess register =
                RunnerProcess.start(
                        gitlab.directory(),
                        Map.of(),
                        "register",
                        "--non-interactive",
                        "--config",
                        config().toString(),
                        "--url",
                        coordinator().url().toString(),
                        "--token",
                        runner.token().value(),
                        "--executor",
                        "shell",
                        "--name",
                        "process")) {
            assertThat(register.exitCode()).as(register.printed()).isZero();
            assertThat(register.printed()).doesNotContain(runner.token().value());
        }
        return runner;
    }

    /** A created runner and its configuration, as {@code register} would write it. */
    private CoordinatorRunner configured(String... lines) throws IOException {
        CoordinatorRunner runner =
                coordinator().registerRunner(new RunnerSpec("process", List.of(), true));
        Files.writeString(
                config(),
                """
                %s
                [[runners]]
                name = "process"
                url = "%s"
                token = "%s"
                executor = "shell"
                """
                        .formatted(
                                String.join("\n", lines),
                                coordinator().url(),
                                runner.token().value()));
        return runner;
    }

    private RunnerProcess run(String... words) throws IOException {
        return RunnerProcess.start(
                gitlab.directory(),
                Map.of(),
                Stream.concat(Stream.of("run", "--config", config().toString()), Stream.of(words))
                        .toArray(String[]::new));
    }

    private static String log(CoordinatorJob job) {
        return LogDecoder.plain(job.log());
    }

    @Test
    @Tag("JS-176")
    @Tag("RP-3")
    @Tag("RP-11")
    void aRegisteredRunnerRunsAJobAndEndsWhenTold() throws Exception {
        CoordinatorRunner runner = registered();
        assertThat(config()).content().contains("[[runners]]", "executor = \"shell\"");
        CoordinatorJob job =
                coordinator()
                        .job("job")
                        .maskedVariable("SECRET", "correct-horse-battery")
                        .script(
                                "echo arena=${MALLOC_ARENA_MAX-none},${ARMRUNNER_ARENA-none}",
                                "echo $SECRET",
                                "ls -l /proc/self/fd | grep -c null || true")
                        .enqueue();
        try (RunnerProcess armrunner = run()) {
            assertThat(job.awaitFinished(LIMIT))
                    .as(armrunner.printed())
                    .isEqualTo(JobState.SUCCESS);
            assertThat(log(job)).contains("arena=none,none", "[MASKED]");
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
            assertThat(armrunner.printed())
                    .contains("job_succeeded job=" + job.id())
                    .doesNotContain(
                            runner.token().value(), job.token().value(), "correct-horse-battery");
        }
        String id = Files.readString(gitlab.directory().resolve(".runner_system_id")).strip();
        assertThat(id).matches("[sr]_[0-9a-zA-Z]{12}");
        assertThat(runner.systemIds()).containsExactly(id);
        try (RunnerProcess again = run()) {
            int asked = coordinator().requests(Endpoint.JOB_REQUEST).size();
            await().atMost(LIMIT)
                    .until(() -> coordinator().requests(Endpoint.JOB_REQUEST).size() > asked);
            again.signal("INT");
            assertThat(again.exitCode()).isZero();
        }
        assertThat(runner.systemIds()).containsExactly(id);
        assertThat(gitlab.directory().resolve(".armrunner/jobs")).isEmptyDirectory();
    }

    @Test
    void aCanceledJobEndsAndTheRunnerGoesOn() throws Exception {
        configured();
        try (RunnerProcess armrunner = run()) {
            CoordinatorJob job =
                    coordinator()
                            .job("job")
                            // A silent job would hear of it only after half a minute.
                            .script("while :; do echo begun; sleep 0.5; done")
                            .afterScript("echo after $CI_JOB_STATUS")
                            .enqueue();
            job.awaitLog("begun", LIMIT);
            job.cancel();
            assertThat(job.awaitFinished(LIMIT)).isEqualTo(JobState.CANCELED);
            assertThat(log(job)).contains("after canceled");
            CoordinatorJob next = coordinator().job("next").script("true").enqueue();
            assertThat(next.awaitFinished(LIMIT)).isEqualTo(JobState.SUCCESS);
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
        }
    }

    @Test
    @Tag("JS-30")
    void quitFinishesTheJobsAndAsksForNoMore() throws Exception {
        configured();
        Path go = gitlab.directory().resolve("go");
        try (RunnerProcess armrunner = run()) {
            CoordinatorJob job =
                    coordinator()
                            .job("job")
                            .script(
                                    "echo begun",
                                    "until [ -e " + go + " ]; do sleep 0.1; done",
                                    "echo done")
                            .enqueue();
            job.awaitLog("begun", LIMIT);
            armrunner.signal("QUIT");
            armrunner.awaitPrinted("draining");
            // It may just be about to ask, and GitLab holds a request for two seconds.
            AtomicInteger asked = new AtomicInteger();
            await().during(Duration.ofSeconds(3))
                    .atMost(LIMIT)
                    .until(() -> {
                        int now = coordinator().requests(Endpoint.JOB_REQUEST).size();
                        return asked.getAndSet(now) == now && coordinator().requestsHeld() == 0;
                    });
            CoordinatorJob next = coordinator().job("next").script("true").enqueue();
            Files.createFile(go);
            assertThat(job.awaitFinished(LIMIT)).isEqualTo(JobState.SUCCESS);
            assertThat(armrunner.exitCode()).isZero();
            assertThat(log(job)).contains("done");
            assertThat(next.state()).isEqualTo(JobState.PENDING);
        }
    }

    @Test
    @Tag("JS-29")
    @Tag("RP-84")
    void termReportsTheJobsAsInterrupted() throws Exception {
        configured();
        try (RunnerProcess armrunner = run()) {
            CoordinatorJob job =
                    coordinator()
                            .job("job")
                            .script("echo begun", "sleep 60")
                            .afterScript("echo never")
                            .enqueue();
            CoordinatorJob old =
                    coordinator()
                            .job("old")
                            .script("true")
                            .failureReasons(List.of("script_failure", "unknown_failure"))
                            .enqueue();
            job.awaitLog("begun", LIMIT);
            armrunner.signal("TERM");
            Instant told = Instant.now();
            assertThat(armrunner.exitCode()).isZero();
            assertThat(Duration.between(told, Instant.now())).isLessThan(Duration.ofSeconds(50));
            assertThat(job.state()).isEqualTo(JobState.FAILED);
            assertThat(job.failureReason()).contains("runner_interrupted");
            assertThat(log(job)).endsWith("ERROR: Job failed: aborted: terminated\n");
            assertThat(old.state()).isEqualTo(JobState.PENDING);
        }
    }

    /** Needs root, as the service that may run jobs as somebody else does. */
    @Test
    @Tag("JS-169")
    void jobsRunAsTheUserThatIsNamed() throws Exception {
        Path sources = Files.createDirectories(gitlab.directory().resolve("app"));
        Project project =
                coordinator().addProject("group/app", TestRepository.create(sources).directory());
        Path builds = Files.createTempDirectory(Path.of("/tmp"), "armrunner-user-");
        try {
            Files.setPosixFilePermissions(builds, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.setOwner(
                    builds,
                    builds.getFileSystem()
                            .getUserPrincipalLookupService()
                            .lookupPrincipalByName("nobody"));
            configured();
            Files.writeString(
                    config(), "builds_dir = \"" + builds + "\"\n", StandardOpenOption.APPEND);
            try (RunnerProcess armrunner = run("--user", "nobody")) {
                CoordinatorJob job =
                        coordinator()
                                .job("job")
                                .project(project)
                                .script("echo \"I am $(whoami)\"", "stat -c 'git is %U' .git/HEAD")
                                .enqueue();
                assertThat(job.awaitFinished(LIMIT)).as(log(job)).isEqualTo(JobState.SUCCESS);
                assertThat(log(job)).contains("I am nobody", "git is nobody");
                armrunner.signal("TERM");
                assertThat(armrunner.exitCode()).isZero();
            }
        } finally {
            new TemporaryPlace(builds).close();
        }
    }

    @Test
    void aSecondTermEndsTheProcessAtOnce() throws Exception {
        configured();
        gitlab.expectOpenJobs();
        try (RunnerProcess armrunner = run()) {
            CoordinatorJob job =
                    coordinator()
                            .job("job")
                            .script("trap '' TERM", "echo begun", "while :; do sleep 0.2; done")
                            .enqueue();
            job.awaitLog("begun", LIMIT);
            armrunner.signal("TERM");
            armrunner.awaitPrinted("stopping");
            Instant told = Instant.now();
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isEqualTo(1);
            assertThat(Duration.between(told, Instant.now())).isLessThan(Duration.ofSeconds(9));
        } finally {
            endProcessesIn(gitlab.directory());
        }
    }

    /** What the process left behind on purpose works in the test's directory. */
    private static void endProcessesIn(Path directory) {
        await().atMost(LIMIT)
                .until(() -> {
                    List<ProcessHandle> left =
                            ProcessHandle.allProcesses()
                                    .filter(process -> worksIn(process, directory))
                                    .toList();
                    left.forEach(ProcessHandle::destroyForcibly);
                    return left.isEmpty();
                });
    }

    private static boolean worksIn(ProcessHandle process, Path directory) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/" + process.pid() + "/cwd"))
                    .startsWith(directory);
        } catch (IOException e) {
            // It has ended, or is another user's.
            return false;
        }
    }

    @Test
    void aBrokenFileIsOneLineThatSaysWhereAndWhat() throws Exception {
        Files.writeString(config(), "concurrent = 1\ncheck_interval = \"often\"\n");
        try (RunnerProcess armrunner = run()) {
            assertThat(armrunner.exitCode()).isEqualTo(1);
            assertThat(armrunner.printed())
                    .hasLineCount(1)
                    .contains(config().toString(), "check_interval");
        }
    }

    @Test
    void withoutAFileItSaysHowToRegisterAndWaits() throws Exception {
        try (RunnerProcess armrunner = run()) {
            // The file's own remark comes earlier, before signals are heard.
            armrunner.awaitPrinted("no_runners");
            assertThat(armrunner.printed()).contains("armrunner register");
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
        }
    }

    @Test
    @Tag("JS-178")
    void theFormatOfTheLogStandsInTheFileToo() throws Exception {
        CoordinatorRunner runner = configured("log_format = \"json\"");
        try (RunnerProcess armrunner = run()) {
            CoordinatorJob job = coordinator().job("job").script("false").enqueue();
            job.awaitFinished(LIMIT);
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
            ObjectMapper mapper = new ObjectMapper();
            List<String> lines = armrunner.printed().lines().toList();
            assertThat(lines).hasSizeGreaterThan(3);
            for (String line : lines) {
                JsonNode entry = mapper.readTree(line);
                assertThat(entry.path("msg").asText()).as(line).isNotEmpty();
                assertThat(entry.path("level").asText()).as(line).isNotEmpty();
                assertThat(Instant.parse(entry.path("time").asText())).isBefore(Instant.now());
            }
            assertThat(armrunner.printed()).doesNotContain(runner.token().value());
        }
    }
}
