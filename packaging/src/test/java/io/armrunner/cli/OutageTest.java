package io.armrunner.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.RunnerSpec;
import io.armrunner.coordinator.StateUpdate;
import io.armrunner.testing.CoordinatorExtension;
import io.armrunner.testing.LogDecoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * GitLab is away in the middle of jobs, its port closed: for some seconds here, for as long as
 * {@code ARMRUNNER_OUTAGE_SECONDS} says where somebody wants to know ({@code .ci/outage}).
 */
@Timeout(900)
final class OutageTest {
    private static final Duration OUTAGE =
            Duration.ofSeconds(
                    Optional.ofNullable(System.getenv("ARMRUNNER_OUTAGE_SECONDS"))
                            .map(Long::parseLong)
                            .orElse(5L));
    private static final Duration LIMIT = RunnerProcess.LIMIT.plus(OUTAGE);

    /** Between two lines of a job. */
    private static final Duration LINE = Duration.ofMillis(20);

    @RegisterExtension final CoordinatorExtension gitlab = RunnerProcess.gitlab();

    private Path config() {
        return gitlab.directory().resolve("config.toml");
    }

    private CoordinatorRunner configured() throws IOException {
        CoordinatorRunner runner =
                gitlab.coordinator().registerRunner(new RunnerSpec("outage", List.of(), true));
        Files.writeString(
                config(),
                """
                concurrent = 4
                check_interval = 1
                [[runners]]
                name = "outage"
                url = "%s"
                token = "%s"
                executor = "shell"
                """
                        .formatted(gitlab.coordinator().url(), runner.token().value()));
        return runner;
    }

    /**
     * Prints numbered lines until GitLab is away and for so long after, and leaves their number in
     * a file.
     */
    private CoordinatorJob counting(String name, Duration time, int exitCode) throws Exception {
        return gitlab.coordinator()
                .job(name)
                .script(
                        "i=0; line() { i=$((i + 1)); echo line $i; sleep %s; }"
                                .formatted(LINE.toMillis() / 1000.0),
                        "until [ -e %s ]; do line; done".formatted(away()),
                        "end=$(($(date +%%s) + %d))".formatted(time.toSeconds()),
                        "while [ $(date +%s) -lt $end ]; do line; done",
                        "echo $i > " + lines(name),
                        "echo $i > made.txt",
                        "exit " + exitCode)
                .artifacts("always", List.of("made.txt"), List.of())
                .enqueue();
    }

    /** Is there once GitLab is away. */
    private Path away() {
        return gitlab.directory().resolve("away");
    }

    private Path lines(String name) {
        return gitlab.directory().resolve(name + ".lines");
    }

    @Test
    void noByteOfALogAndNoResultIsLost(TestReporter reporter) throws Exception {
        CoordinatorRunner runner = configured();
        try (RunnerProcess armrunner =
                RunnerProcess.start(
                        gitlab.directory(), Map.of(), "run", "--config", config().toString())) {
            // One ends as soon as GitLab is away, one in the middle, one when it is back.
            List<CoordinatorJob> jobs =
                    List.of(
                            counting("first", Duration.ZERO, 3),
                            counting("middle", OUTAGE.dividedBy(2), 0),
                            counting("last", OUTAGE.plusSeconds(4), 0));
            for (CoordinatorJob job : jobs) {
                job.awaitLog("line 10\n", LIMIT);
            }
            gitlab.coordinator().goDown();
            Files.createFile(away());
            long down = System.nanoTime();
            for (String ended : List.of("first", "middle")) {
                await(ended).atMost(LIMIT).until(() -> Files.exists(lines(ended)));
            }
            assertThat(jobs).allMatch(job -> job.state() == JobState.RUNNING);
            await("the outage")
                    .atMost(LIMIT)
                    .until(() -> System.nanoTime() - down > OUTAGE.toNanos());
            gitlab.coordinator().comeUp();
            long up = System.nanoTime();
            for (CoordinatorJob job : jobs) {
                job.awaitFinished(LIMIT);
            }
            reporter.publishEntry(
                    "outage",
                    "%d s; all results were there %d s after it"
                            .formatted(
                                    OUTAGE.toSeconds(),
                                    Duration.ofNanos(System.nanoTime() - up).toSeconds()));
            assertThat(jobs.getFirst().state()).isEqualTo(JobState.FAILED);
            assertThat(jobs.getFirst().exitCode()).hasValue(3);
            assertThat(jobs.subList(1, 3)).allMatch(job -> job.state() == JobState.SUCCESS);
            Path kept = gitlab.directory().resolve(".armrunner/logs");
            await("nothing is left to deliver")
                    .atMost(LIMIT)
                    .until(() -> isEmpty(gitlab.directory().resolve(".armrunner/jobs")));
            for (CoordinatorJob job : jobs) {
                isWhole(job);
                // What the runner wrote is, to the byte, what GitLab has.
                assertThat(job.log())
                        .isEqualTo(
                                Files.readAllBytes(
                                        kept.resolve(
                                                "%s.%d.log"
                                                        .formatted(
                                                                runner.token().shortForm(),
                                                                job.id()))));
            }
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
        }
    }

    private static boolean isEmpty(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.findAny().isEmpty();
        }
    }

    private void isWhole(CoordinatorJob job) throws IOException {
        assertThat(
                        job.updates().stream()
                                .filter(StateUpdate::isFinal)
                                .filter(StateUpdate::isAccepted))
                .hasSize(1);
        int count = Integer.parseInt(Files.readString(lines(job.name())).strip());
        assertThat(LogDecoder.plain(job.log()).lines().filter(line -> line.startsWith("line ")))
                .as("%d lines of %s", count, job.name())
                .isEqualTo(IntStream.rangeClosed(1, count).mapToObj(i -> "line " + i).toList());
        assertThat(job.artifacts()).hasSize(1);
        try (ZipInputStream zip =
                new ZipInputStream(Files.newInputStream(job.artifacts().getFirst().file()))) {
            assertThat(zip.getNextEntry()).isNotNull();
            assertThat(new String(zip.readAllBytes(), UTF_8)).isEqualTo(count + "\n");
        }
    }
}
