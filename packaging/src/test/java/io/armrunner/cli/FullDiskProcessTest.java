package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.coordinator.Coordinator;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.RunnerSpec;
import io.armrunner.testing.CoordinatorExtension;
import io.armrunner.testing.LogDecoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A disk that fills up under a job: a small one of memory, which only the runner's process sees and
 * which goes with it.
 */
@Timeout(400)
final class FullDiskProcessTest {
    private static final Duration LIMIT = RunnerProcess.LIMIT;

    @RegisterExtension final CoordinatorExtension gitlab = RunnerProcess.gitlab();

    private Coordinator coordinator() {
        return gitlab.coordinator();
    }

    private static boolean works(String... argv) throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(argv)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        return process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS) && process.exitValue() == 0;
    }

    /**
     * What a runner is started by.
     *
     * @param refusal what the system says when there is no more room
     */
    private record Disk(List<String> by, boolean mounted, String refusal) {}

    /**
     * What starts a program that sees a small disk at {@code place}. Where nobody may mount one, no
     * file may become larger instead: writes fail just as well, though for each file alone.
     */
    private static Disk withDisk(Path place, String size) throws IOException, InterruptedException {
        Files.createDirectories(place);
        String mount = "mount -t tmpfs -o size=" + size + " tmpfs " + place + " && exec \"$@\"";
        for (List<String> unshare :
                List.of(
                        List.of("unshare", "--mount"),
                        List.of("unshare", "--user", "--map-root-user", "--mount"))) {
            List<String> by = new java.util.ArrayList<>(unshare);
            by.addAll(List.of("sh", "-c", mount, "sh"));
            List<String> probe = new java.util.ArrayList<>(by);
            probe.add("true");
            if (works(probe.toArray(String[]::new))) {
                return new Disk(by, true, "No space left on device");
            }
        }
        return new Disk(
                List.of("sh", "-c", "ulimit -f 8192 && exec \"$@\"", "sh"),
                false,
                "File too large");
    }

    private RunnerProcess start(List<String> by, Map<String, String> variables) throws IOException {
        return RunnerProcess.start(
                gitlab.directory(),
                variables,
                by,
                "run",
                "--config",
                gitlab.directory().resolve("config.toml").toString());
    }

    private void configure(String... runners) throws IOException {
        Files.writeString(
                gitlab.directory().resolve("config.toml"),
                "concurrent = 4\ncheck_interval = 1\nmin_free_disk = 0\n"
                        + String.join("\n", runners));
    }

    private String entry(CoordinatorRunner runner, String lines) {
        return """
        [[runners]]
        name = "runner"
        url = "%s"
        token = "%s"
        executor = "shell"
        %s
        """
                .formatted(coordinator().url(), runner.token().value(), lines);
    }

    private static String log(CoordinatorJob job) {
        return LogDecoder.plain(job.log());
    }

    @Test
    void aJobThatFillsTheDiskOfItsFilesFailsForThatAndNoOtherDoes() throws Exception {
        CoordinatorRunner small =
                coordinator().registerRunner(new RunnerSpec("small", List.of("small"), false));
        CoordinatorRunner large =
                coordinator().registerRunner(new RunnerSpec("large", List.of("large"), false));
        Path disk = gitlab.directory().resolve("disk");
        Path go = gitlab.directory().resolve("go");
        configure(entry(small, "builds_dir = \"" + disk + "\""), entry(large, ""));
        Disk limited = withDisk(disk, "8m");
        try (RunnerProcess armrunner = start(limited.by(), Map.of())) {
            CoordinatorJob other =
                    coordinator()
                            .job("other")
                            .tags("large")
                            .script("until [ -e " + go + " ]; do sleep 0.1; done", "echo went on")
                            .enqueue();
            CoordinatorJob full =
                    coordinator()
                            .job("full")
                            .tags("small")
                            .script("echo filling", "dd if=/dev/zero of=big bs=64k")
                            .enqueue();
            assertThat(full.awaitFinished(LIMIT)).isEqualTo(JobState.FAILED);
            assertThat(log(full)).contains("filling");
            if (limited.mounted()) {
                assertThat(full.failureReason()).contains("runner_system_failure");
                assertThat(log(full))
                        .contains(
                                "ERROR: Job failed (system failure): the runner's disk is full at "
                                        + disk
                                        + ": No space left on device");
            }
            Files.createFile(go);
            assertThat(other.awaitFinished(LIMIT)).isEqualTo(JobState.SUCCESS);
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
        }
    }

    @Test
    void aJobWhoseLogFillsTheDiskFailsForThatAndTheNextOneRuns() throws Exception {
        CoordinatorRunner runner =
                coordinator().registerRunner(new RunnerSpec("runner", List.of(), true));
        Path disk = gitlab.directory().resolve("disk");
        configure(entry(runner, ""));
        Disk limited = withDisk(disk, "4m");
        try (RunnerProcess armrunner =
                start(limited.by(), Map.of("STATE_DIRECTORY", disk.toString()))) {
            CoordinatorJob full =
                    coordinator()
                            .job("full")
                            .script("echo printing", "yes 0123456789012345678901234567890123456789")
                            .enqueue();
            assertThat(full.awaitFinished(LIMIT))
                    .as(armrunner.printed())
                    .isEqualTo(JobState.FAILED);
            assertThat(full.failureReason()).contains("runner_system_failure");
            assertThat(log(full))
                    .contains("printing", "ERROR: Job failed (system failure): ")
                    .contains(limited.refusal());
            CoordinatorJob next = coordinator().job("next").script("echo next").enqueue();
            assertThat(next.awaitFinished(LIMIT))
                    .as(armrunner.printed())
                    .isEqualTo(JobState.SUCCESS);
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
        }
    }
}
