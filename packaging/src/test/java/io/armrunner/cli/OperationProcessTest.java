package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.armrunner.coordinator.Coordinator;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.RunnerSpec;
import io.armrunner.testing.CoordinatorExtension;
import io.armrunner.testing.LogDecoder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What an operator has of a running service: its address, its commands, its disk. */
@Timeout(400)
final class OperationProcessTest {
    private static final Duration LIMIT = RunnerProcess.LIMIT;
    private static final String SECRET = "correct-horse-battery";

    @RegisterExtension final CoordinatorExtension gitlab = RunnerProcess.gitlab();

    private Path config() {
        return gitlab.directory().resolve("config.toml");
    }

    private Coordinator coordinator() {
        return gitlab.coordinator();
    }

    private CoordinatorRunner configured(String global, String... ofRunner) throws IOException {
        CoordinatorRunner runner =
                coordinator().registerRunner(new RunnerSpec("process", List.of(), true));
        Files.writeString(
                config(),
                """
                concurrent = 2
                check_interval = 1
                %s
                [[runners]]
                name = "rack one"
                url = "%s"
                token = "%s"
                executor = "shell"
                %s
                """
                        .formatted(
                                global,
                                coordinator().url(),
                                runner.token().value(),
                                String.join("\n", ofRunner)));
        return runner;
    }

    /** Writes the file aside and renames it into place, as editors do. */
    private void edit(String text) throws IOException {
        Path aside = Files.writeString(gitlab.directory().resolve("config.toml~"), text);
        Files.move(
                aside,
                config(),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    private RunnerProcess start(String... words) throws IOException {
        return RunnerProcess.start(gitlab.directory(), Map.of(), words);
    }

    /** What a command prints; it must succeed. */
    private String said(String... words) throws IOException, InterruptedException {
        try (RunnerProcess command = start(words)) {
            assertThat(command.exitCode()).as(command.printed()).isZero();
            return command.printed();
        }
    }

    private static HttpResponse<String> get(String address, String path) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(
                    HttpRequest.newBuilder(URI.create("http://" + address + path)).build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }

    private static String address(RunnerProcess armrunner) {
        armrunner.awaitPrinted("listening address=");
        Matcher address = Pattern.compile("listening address=(\\S+)").matcher(armrunner.printed());
        assertThat(address.find()).isTrue();
        return address.group(1);
    }

    @Test
    @Tag("JS-173")
    void metricsHealthAndPageAreServedWhereTheFileSays() throws Exception {
        CoordinatorRunner runner = configured("listen_address = \"127.0.0.1:0\"");
        try (RunnerProcess armrunner = start("run", "--config", config().toString())) {
            String address = address(armrunner);
            // From its answer on everything is counted.
            assertThat(get(address, "/metrics").statusCode()).isEqualTo(200);
            CoordinatorJob job =
                    coordinator()
                            .job("build")
                            .maskedVariable("SECRET", SECRET)
                            .script("echo \"<$SECRET>\"", "exit 3")
                            .enqueue();
            assertThat(job.awaitFinished(LIMIT)).isEqualTo(JobState.FAILED);
            await().atMost(LIMIT)
                    .until(() -> get(address, "/api/status").body().contains("script_failure"));
            edit("concurrent = \"many\"\n");
            armrunner.awaitPrinted("config_refused");
            String labels =
                    "runner=\"%s\",runner_name=\"rack one\"".formatted(runner.token().shortForm());
            await().atMost(LIMIT)
                    .untilAsserted(() ->
                            assertThat(get(address, "/metrics").body())
                                    .contains(
                                            "gitlab_runner_concurrent 2.0",
                                            "gitlab_runner_worker_slots_number 2.0")
                                    .contains("gitlab_runner_configuration_loading_error_total 1.0")
                                    .contains(
                                            "gitlab_runner_process_state_info{state=\"running\"} 1.0")
                                    .containsPattern(
                                            "gitlab_runner_worker_feeds_total\\{"
                                                    + labels
                                                    + "[^}]*} [1-9]")
                                    .containsPattern(
                                            "gitlab_runner_worker_processing_failures_total\\{failure_type=\"job_failure\","
                                                    + labels
                                                    + "[^}]*} 1.0")
                                    .contains(
                                            "gitlab_runner_failed_jobs_total{failure_reason=\"script_failure\",mode=\"traditional\","
                                                    + labels
                                                    + "} 1.0")
                                    .contains(
                                            "gitlab_runner_jobs{executor_stage=\"idle\"," + labels)
                                    .containsPattern(
                                            "gitlab_runner_api_request_statuses_total\\{endpoint=\"request_job\",method=\"post\",[^}]*status=\"201\"[^}]*} 1.0")
                                    .containsPattern(
                                            "armrunner_job_pick_up_seconds_count\\{[^}]*} 1\n"));
            HttpResponse<String> health = get(address, "/health");
            assertThat(health.statusCode()).as(health.body()).isEqualTo(200);
            assertThat(get(address, "/").body()).contains("<title>armrunner</title>");
            String log =
                    get(
                                    address,
                                    "/api/jobs/%s.%d/log"
                                            .formatted(runner.token().shortForm(), job.id()))
                            .body();
            assertThat(log)
                    .contains("<[MASKED]>")
                    .isEqualTo(new String(job.log(), java.nio.charset.StandardCharsets.UTF_8));
            for (String path : List.of("/api/status", "/metrics", "/")) {
                assertThat(get(address, path).body())
                        .doesNotContain(SECRET, runner.token().value(), job.token().value());
            }
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
        }
    }

    @Test
    void anAddressThatIsTakenEndsTheStartWithOneLine() throws Exception {
        configured("");
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                RunnerProcess armrunner =
                        start(
                                "run",
                                "--config",
                                config().toString(),
                                "--listen-address",
                                "127.0.0.1:" + taken.getLocalPort())) {
            assertThat(armrunner.exitCode()).isEqualTo(1);
            assertThat(armrunner.printed()).contains("armrunner: ", ":" + taken.getLocalPort());
        }
    }

    @Test
    void jobsAndLogsShowWhatRunsAndWhatRanWithoutAnAddress() throws Exception {
        configured("", "output_limit = 1", "output_end = 0");
        Path go = gitlab.directory().resolve("go");
        String file = config().toString();
        try (RunnerProcess nothing = start("jobs", "--config", file)) {
            assertThat(nothing.exitCode()).isEqualTo(1);
            assertThat(nothing.printed()).contains("no books").contains("--state-directory");
        }
        CoordinatorJob job;
        try (RunnerProcess armrunner = start("run", "--config", file)) {
            job =
                    coordinator()
                            .job("integration")
                            .maskedVariable("SECRET", SECRET)
                            .script(
                                    "for i in $(seq 500); do echo line $i; done",
                                    "echo \"<$SECRET>\"",
                                    "until [ -e " + go + " ]; do sleep 0.1; done",
                                    "echo the very end")
                            .enqueue();
            job.awaitLog("exceeded limit", LIMIT);
            await().atMost(LIMIT)
                    .until(() -> said("jobs", "--config", file).contains("step_script"));
            assertThat(said("jobs", "--config", file))
                    .containsPattern(job.id() + " +running +step_script .*integration");
            String its = Long.toString(job.id());
            await().atMost(LIMIT)
                    .until(() -> said("logs", "--config", file, its).contains("<[MASKED]>"));
            String far = said("logs", "--config", file, its);
            assertThat(far)
                    .contains("line 500", "<[MASKED]>")
                    .doesNotContain(SECRET, "the very end");
            try (RunnerProcess following =
                    start("logs", "--config", file, "-f", Long.toString(job.id()))) {
                following.awaitPrinted("line 500");
                assertThat(following.process().isAlive()).isTrue();
                Files.createFile(go);
                assertThat(following.exitCode()).isZero();
                assertThat(following.printed()).contains("the very end", "Job succeeded");
            }
            assertThat(job.awaitFinished(LIMIT)).isEqualTo(JobState.SUCCESS);
            assertThat(LogDecoder.plain(job.log())).doesNotContain("line 500", "the very end");
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
        }
        assertThat(said("jobs", "--config", file))
                .contains("The service is not running")
                .containsPattern(job.id() + " +success ");
        JsonNode json = new ObjectMapper().readTree(said("jobs", "--json", "--config", file));
        assertThat(json.path("running")).isEmpty();
        assertThat(json.path("ended").path(0).path("name").asText()).isEqualTo("integration");
        assertThat(json.path("ended").path(0).path("result").asText()).isEqualTo("success");
        assertThat(said("logs", "--raw", "--config", file, Long.toString(job.id())))
                .contains("section_start:", "line 500", "the very end");
        try (RunnerProcess unknown = start("logs", "--config", file, "99")) {
            assertThat(unknown.exitCode()).isEqualTo(1);
            assertThat(unknown.printed()).contains("no job 99").hasLineCount(1);
        }
    }

    @Test
    void belowTheFloorNoJobIsAskedFor() throws Exception {
        configured("min_free_disk = 900000000\nlisten_address = \"127.0.0.1:0\"");
        CoordinatorJob job = coordinator().job("waits").script("true").enqueue();
        try (RunnerProcess armrunner = start("run", "--config", config().toString())) {
            String address = address(armrunner);
            armrunner.awaitPrinted("disk_short");
            await().atMost(LIMIT).until(() -> get(address, "/health").statusCode() == 503);
            assertThat(get(address, "/health").body()).contains("no job is asked for");
            // The books are written once a second.
            await().atMost(LIMIT)
                    .until(() ->
                            said("jobs", "--config", config().toString())
                                    .contains("WARNING: disk "));
            assertThat(job.state()).isEqualTo(JobState.PENDING);
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
            // Once for each place, however often it was looked.
            assertThat(armrunner.printed().split("disk_short", -1)).hasSizeLessThanOrEqualTo(3);
        }
    }
}
