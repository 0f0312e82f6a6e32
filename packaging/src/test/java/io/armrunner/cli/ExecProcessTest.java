package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code exec} as a process of its own. Not by the launcher: in this phase of the build it is that
 * of the build before.
 */
class ExecProcessTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final Path directory;
    private final LocalProject project;

    ExecProcessTest(@TempDir Path directory) throws IOException {
        this.directory = directory;
        project = new LocalProject(directory.toRealPath());
    }

    @AfterEach
    void nothingIsLeftBehind() throws IOException {
        assertThat(project.leftovers()).isEmpty();
    }

    @Test
    void theExitCodeIsThePipelines() throws Exception {
        project.pipeline("look: {script: ['exit $CODE']}\n").commit("Start");

        assertThat(ended(start("--variable", "CODE=0"))).isZero();
        assertThat(ended(start("--variable", "CODE=5"))).isEqualTo(1);
        assertThat(output()).contains("look | ERROR: Job failed: exit status 5");
    }

    @Test
    void aSignalCancelsTheJobsAndTheirAfterScriptsRun() throws Exception {
        project.pipeline(
                        """
                        stages: [one, two]
                        long:
                          stage: one
                          script: ['echo "pid $$ begins"', sleep 300]
                          after_script: ['echo "cleaned up after $CI_JOB_STATUS"']
                        later: {stage: two, script: [echo never]}
                        """)
                .commit("Start");
        Process process = start();
        awaitOutput("begins");

        signal(process, "INT");

        assertThat(ended(process)).isEqualTo(130);
        assertThat(output())
                .contains("cleaned up after canceled", "pipeline canceled")
                .doesNotContain("| never");
        Awaitility.await()
                .atMost(LIMIT)
                .untilAsserted(() -> assertThat(ProcessHandle.of(jobPid())).isEmpty());
    }

    @Test
    void aSecondSignalEndsTheJobsAtOnce() throws Exception {
        project.pipeline(
                        """
                        long:
                          script: ["trap '' TERM", 'echo "pid $$ begins"', 'while :; do sleep 0.1; done']
                          after_script: [echo cleaning, sleep 300]
                        """)
                .commit("Start");
        Process process = start();
        awaitOutput("begins");

        signal(process, "INT");
        awaitOutput("canceling the jobs");
        signal(process, "INT");

        assertThat(ended(process)).isEqualTo(130);
        Awaitility.await()
                .atMost(LIMIT)
                .untilAsserted(() -> assertThat(ProcessHandle.of(jobPid())).isEmpty());
    }

    private Process start(String... words) throws IOException {
        List<String> argv =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:+UseSerialGC",
                                "-XX:TieredStopAtLevel=1",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                "io.armrunner.cli.Main"));
        argv.add("exec");
        argv.addAll(List.of(words));
        ProcessBuilder builder =
                new ProcessBuilder(argv)
                        .directory(project.root().toFile())
                        .redirectErrorStream(true)
                        .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                        .redirectOutput(outputFile().toFile());
        builder.environment().clear();
        builder.environment().putAll(project.environment());
        return builder.start();
    }

    private static int ended(Process process) throws InterruptedException {
        try {
            assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
            return process.exitValue();
        } finally {
            process.destroyForcibly();
        }
    }

    private static void signal(Process process, String name) throws Exception {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    }

    private void awaitOutput(String text) {
        Awaitility.await()
                .atMost(LIMIT)
                .pollInterval(Duration.ofMillis(20))
                .untilAsserted(() -> assertThat(output()).contains(text));
    }

    /** The job's shell, which told its number. */
    private long jobPid() throws IOException {
        Optional<String> line =
                output().lines().filter(each -> each.matches(".*\\| pid \\d+ begins")).findFirst();
        String[] words = line.orElseThrow().split(" ", -1);
        return Long.parseLong(words[words.length - 2]);
    }

    private Path outputFile() {
        return directory.resolve("output");
    }

    private String output() throws IOException {
        return Files.readString(outputFile(), StandardCharsets.UTF_8);
    }
}
