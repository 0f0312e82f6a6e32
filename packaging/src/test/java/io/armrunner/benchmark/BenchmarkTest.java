package io.armrunner.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The benchmark with real runner processes. What it measures is looked at, not how much. */
class BenchmarkTest {
    private static final Map<String, String> ENVIRONMENT =
            Map.of("PATH", System.getenv("PATH"), "HOME", System.getProperty("java.io.tmpdir"));

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final Benchmark benchmark =
            new Benchmark(
                    ENVIRONMENT,
                    InstantSource.system(),
                    new PrintWriter(out),
                    new PrintWriter(err));

    private Set<Path> before = Set.of();

    @BeforeEach
    void lookAround() throws IOException {
        before = directories();
    }

    @Test
    void twoRunnersTakeTurnsAndTheirRatioIsShown() throws Exception {
        Contender ours = runner("ours");
        Contender peer = runner("peer");

        Benchmark.Outcome outcome = benchmark.run(List.of(ours, peer), List.of("one_job"), 1);

        assertThat(err.toString()).isEmpty();
        assertThat(outcome.complete()).isTrue();
        for (String name : List.of("ours", "peer")) {
            JsonNode seconds = outcome.figures().path("job_s").path(name);
            assertThat(seconds.size()).isEqualTo(1);
            assertThat(seconds.get(0).asDouble()).isPositive();
            // A first PATCH, a last one and the final update; a loaded machine adds keep-alives.
            assertThat(outcome.figures().path("api_requests_per_job").path(name).get(0).asDouble())
                    .isBetween(2.0, 12.0);
        }
        assertThat(out.toString().lines().findFirst().orElseThrow())
                .contains("ours", "peer", "ratio");
        assertThat(out.toString())
                .containsPattern("(?m)^job_s +\\d+\\.\\d{3} +\\d+\\.\\d{3} +\\d+\\.\\d\\d$");
        assertThat(directories()).isEqualTo(before);
    }

    @Test
    void memoryAndPickUpComeFromTheRunnersProcess() throws Exception {
        Benchmark.Outcome outcome =
                benchmark.run(
                        List.of(runner("ours")),
                        List.of("machine", "startup", "pickup_longpoll"),
                        1);

        assertThat(outcome.complete()).isTrue();
        for (String key : List.of("bash_ms", "clone_ms", "start_s", "pickup_longpoll_s")) {
            assertThat(outcome.figures().path(key).path("ours").get(0).asDouble()).isNotNegative();
        }
        assertThat(directories()).isEqualTo(before);
    }

    @Test
    void aRunnerThatEndsAtOnceIsNamedWithWhatItSaid() throws Exception {
        Contender broken =
                new Contender(
                        "broken",
                        List.of("sh", "-c", "echo no such option: $0; exit 3", "{config}"));

        Benchmark.Outcome outcome = benchmark.run(List.of(broken), List.of("startup"), 1);

        assertThat(outcome.complete()).isFalse();
        assertThat(err.toString())
                .contains("startup, broken: the runner ended before its first request for a job")
                .contains("no such option");
        assertThat(directories()).isEqualTo(before);
    }

    @Test
    void aCommandWithoutPlaceForTheConfigurationIsRefused() {
        assertThatThrownBy(() -> Contender.parse("peer", "gitlab-runner run"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("gitlab-runner run")
                .hasMessageContaining("{config}");
    }

    @Test
    void quotedWordsStayTogether() {
        Contender contender = Contender.parse("peer", "'/opt/a runner/bin' run --config {config}");

        assertThat(contender.command(Path.of("/c.toml")))
                .containsExactly("/opt/a runner/bin", "run", "--config", "/c.toml");
    }

    @Test
    void theMedianOfTwoIsTheirMean() {
        assertThat(Results.median(List.of(4.0, 1.0))).isEqualTo(2.5);
        assertThat(Results.median(List.of(9.0, 1.0, 2.0))).isEqualTo(2.0);
    }

    private static Contender runner(String name) {
        return new Contender(
                name,
                List.of(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.armrunner.cli.Main",
                        "run",
                        "--config",
                        "{config}"));
    }

    /** Where measurements keep their files; those of an earlier, killed process do not count. */
    private static Set<Path> directories() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return files.filter(file ->
                            file.getFileName().toString().startsWith("armrunner-benchmark-"))
                    .collect(Collectors.toSet());
        }
    }
}
