package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.coordinator.Coordinator;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.RunnerSpec;
import io.armrunner.testing.CoordinatorExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Edits of {@code config.toml} under a running service (job-semantics §11.2). */
@Timeout(400)
final class ConfigReloadProcessTest {
    private static final Duration LIMIT = RunnerProcess.LIMIT;

    @RegisterExtension final CoordinatorExtension gitlab = RunnerProcess.gitlab();

    private Coordinator coordinator() {
        return gitlab.coordinator();
    }

    private Path config() {
        return gitlab.directory().resolve("config.toml");
    }

    /** Writes the file aside and renames it into place, as editors do. */
    private void edit(String text) throws IOException {
        Path aside = gitlab.directory().resolve("config.toml~");
        Files.writeString(aside, text);
        Files.move(
                aside,
                config(),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    private String entry(CoordinatorRunner runner, String name) {
        return """

        [[runners]]
        name = "%s"
        url = "%s"
        token = "%s"
        executor = "shell"
        """
                .formatted(name, coordinator().url(), runner.token().value());
    }

    private RunnerProcess run() throws IOException {
        return RunnerProcess.start(
                gitlab.directory(), Map.of(), "run", "--config", config().toString());
    }

    private static long count(RunnerProcess process, String text) {
        return process.printed().lines().filter(line -> line.contains(text)).count();
    }

    private static void awaitCount(RunnerProcess process, String text, long wanted) {
        await(text + " " + wanted + " times")
                .atMost(LIMIT)
                .until(() -> count(process, text) >= wanted);
    }

    @Test
    @Tag("JS-170")
    void anEditIsPickedUpAndABrokenOneKeepsWhatWasThere() throws Exception {
        CoordinatorRunner first =
                coordinator().registerRunner(new RunnerSpec("first", List.of("first"), true));
        CoordinatorRunner second = coordinator().registerRunner(RunnerSpec.tagged("second"));
        edit("concurrent = 1\ncheck_interval = 1\n" + entry(first, "first"));
        Path go = gitlab.directory().resolve("go");
        try (RunnerProcess armrunner = run()) {
            CoordinatorJob running =
                    coordinator()
                            .job("running")
                            .script("echo begun", "until [ -e " + go + " ]; do sleep 0.1; done")
                            .enqueue();
            running.awaitLog("begun", LIMIT);

            Instant edited = Instant.now();
            edit(
                    "concurrent = 2\ncheck_interval = 1\nlog_level = \"debug\"\nlisten_address = \"127.0.0.1:0\"\n"
                            + entry(second, "second"));
            armrunner.awaitPrinted("config_loaded");
            assertThat(Duration.between(edited, Instant.now())).isLessThan(Duration.ofSeconds(30));
            CoordinatorJob job = coordinator().job("job").tags("second").script("true").enqueue();
            assertThat(job.awaitFinished(LIMIT)).isEqualTo(JobState.SUCCESS);
            CoordinatorJob ofTheFirst =
                    coordinator().job("first").tags("first").script("true").enqueue();

            edit("concurrent = 2\n\ncheck_interval = \"often\"\n" + entry(second, "second"));
            armrunner.awaitPrinted("config_refused");
            edit("concurrent = 2\n" + entry(second, "second").replace("shell", "docker-machine"));
            awaitCount(armrunner, "config_refused", 2);
            CoordinatorJob still =
                    coordinator().job("still").tags("second").script("true").enqueue();
            assertThat(still.awaitFinished(LIMIT)).isEqualTo(JobState.SUCCESS);

            edit(
                    "concurrent = 2\nlisten_address = \"127.0.0.1:0\"\n"
                            + entry(second, "another name"));
            awaitCount(armrunner, "config_loaded", 2);
            Files.createFile(go);
            assertThat(running.awaitFinished(LIMIT)).isEqualTo(JobState.SUCCESS);
            assertThat(ofTheFirst.state()).isEqualTo(JobState.PENDING);
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
            assertThat(armrunner.printed())
                    .contains(
                            config() + ":3: check_interval must be a whole number",
                            "docker-machine")
                    .doesNotContain(first.token().value(), second.token().value());
            assertThat(count(armrunner, "config_needs_restart key=listen_address")).isEqualTo(1);
            assertThat(count(armrunner, "config_refused")).isEqualTo(2);
        }
    }

    @Test
    void hangupLoadsAtOnceAndAFileThatIsGoneChangesNothing() throws Exception {
        CoordinatorRunner first =
                coordinator().registerRunner(new RunnerSpec("first", List.of("first"), true));
        edit("check_interval = 1\n" + entry(first, "first"));
        try (RunnerProcess armrunner = run()) {
            CoordinatorJob job = coordinator().job("job").script("true").enqueue();
            assertThat(job.awaitFinished(LIMIT)).isEqualTo(JobState.SUCCESS);

            armrunner.signal("HUP");
            armrunner.awaitPrinted("config_loaded");
            assertThat(armrunner.printed()).contains("runners=1 unchanged=1");

            Files.delete(config());
            armrunner.awaitPrinted("is gone");
            CoordinatorJob next = coordinator().job("next").script("true").enqueue();
            assertThat(next.awaitFinished(LIMIT)).isEqualTo(JobState.SUCCESS);
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
        }
    }

    @Test
    @Tag("RP-28")
    @Tag("RP-29")
    @Tag("RP-30")
    void aTokenThatEndsSoonIsReplacedWhileAJobRuns() throws Exception {
        CoordinatorRunner runner =
                coordinator().registerRunner(new RunnerSpec("first", List.of(), true));
        String old = runner.token().value();
        Instant now = Instant.now();
        // Due in some seconds: when a job has begun.
        edit(
                "check_interval = 1\n"
                        + entry(runner, "first")
                        + "token_obtained_at = %s\ntoken_expires_at = %s\n"
                                .formatted(now.minusSeconds(288), now.plusSeconds(108)));
        Path go = gitlab.directory().resolve("go");
        gitlab.expectViolations();
        try (RunnerProcess armrunner = run()) {
            CoordinatorJob running =
                    coordinator()
                            .job("running")
                            .script("echo begun", "until [ -e " + go + " ]; do sleep 0.1; done")
                            .enqueue();
            running.awaitLog("begun", LIMIT);
            await().atMost(Duration.ofSeconds(90))
                    .until(() -> armrunner.printed().contains("token_rotated"));
            awaitCount(armrunner, "config_loaded", 1);
            Files.createFile(go);
            assertThat(running.awaitFinished(LIMIT)).isEqualTo(JobState.SUCCESS);
            CoordinatorJob next = coordinator().job("next").script("true").enqueue();
            assertThat(next.awaitFinished(LIMIT)).isEqualTo(JobState.SUCCESS);
            assertThat(runner.token().value()).isNotEqualTo(old);
            assertThat(Files.readString(config()))
                    .contains(runner.token().value(), "token_expires_at = 0001-01-01T00:00:00Z")
                    .doesNotContain(old);
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
            assertThat(count(armrunner, "token_rotated")).isEqualTo(1);
            assertThat(armrunner.printed()).doesNotContain(old, runner.token().value());
        }
    }
}
