package io.armrunner.status;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.http.HttpRequest;
import io.armrunner.spec.Wire;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the listen address answers. */
class StatusServerTest {
    @TempDir Path directory;

    private static JsonNode json(OperationsFixture.Answer answer) throws Exception {
        return Wire.tree(answer.body().getBytes(StandardCharsets.UTF_8));
    }

    @Test
    @Tag("JS-173")
    void workersFileAndProcessHaveGitLabRunnersNumbers() throws Exception {
        String labels =
                "runner=\"Zk3QpW9xL\",runner_name=\"rack one\",system_id=\"s_0123456789ab\"} ";
        try (OperationsFixture service = new OperationsFixture(directory)) {
            // Before anybody listens.
            service.operations.configurationRefused();
            service.listening();
            assertThat(service.get("/metrics").body())
                    .contains(
                            "gitlab_runner_process_state_info{state=\"starting\"} 1.0",
                            "gitlab_runner_worker_slots_number 8.0",
                            "gitlab_runner_worker_slot_operations_total{operation=\"started\"} 8.0",
                            "gitlab_runner_worker_slot_operations_total{operation=\"stopped\"} 0.0",
                            "gitlab_runner_worker_feeds_total{" + labels + "0.0",
                            "gitlab_runner_worker_feed_failures_total{" + labels + "0.0",
                            "gitlab_runner_worker_health_check_failures_total{" + labels + "0.0",
                            "gitlab_runner_configuration_loading_error_total 1.0",
                            "gitlab_runner_configuration_saved_total 0.0",
                            "gitlab_runner_request_concurrency_exceeded_total{runner=\"Zk3QpW9xL\",system_id=\"s_0123456789ab\"} 0.0")
                    .contains(failures("other", labels, 0), failures("job_failure", labels, 0));
            service.operations.state(ProcessState.RUNNING);
            service.operations.configurationSaved(true);
            service.operations.configurationSaved(false);
            service.operations.asking("Zk3QpW9xL");
            service.operations.answered(
                    "Zk3QpW9xL", new JobEvents.Asked(JobEvents.Asked.Kind.REFUSED, 1, 1));
            service.operations.notAsked("Zk3QpW9xL");
            service.operations.serves(List.of(OperationsFixture.RUNNER), 2);
            service.operations.serves(List.of(OperationsFixture.RUNNER), 5);
            service.fail(service.begin(1, "one"), "script_failure");
            service.fail(service.begin(2, "two"), "runner_system_failure");
            service.begin(3, "three");
            service.operations.state(ProcessState.GRACEFUL_SHUTDOWN);
            assertThat(service.get("/metrics").body())
                    .contains(
                            "gitlab_runner_process_state_info{state=\"graceful-shutdown\"} 1.0",
                            "gitlab_runner_worker_slots_number 1.0",
                            "gitlab_runner_worker_slot_operations_total{operation=\"started\"} 11.0",
                            "gitlab_runner_worker_slot_operations_total{operation=\"stopped\"} 10.0",
                            "gitlab_runner_worker_feeds_total{" + labels + "1.0",
                            "gitlab_runner_worker_feed_failures_total{" + labels + "1.0",
                            "gitlab_runner_worker_health_check_failures_total{" + labels + "1.0",
                            "gitlab_runner_configuration_saved_total 1.0",
                            "gitlab_runner_configuration_saving_error_total 1.0")
                    .contains(failures("other", labels, 1), failures("job_failure", labels, 1));
        }
    }

    @Test
    void aConfigurationThatIsLoadedWhenSomebodyCanAskIsCountedOnce() throws Exception {
        try (OperationsFixture service = OperationsFixture.withoutRunners(directory)) {
            service.listening();
            assertThat(service.get("/metrics").body())
                    .contains("gitlab_runner_configuration_loaded_total 0.0");
            service.operations.serves(List.of(OperationsFixture.RUNNER), 8);
            assertThat(service.get("/metrics").body())
                    .contains(
                            "gitlab_runner_configuration_loaded_total 1.0",
                            "gitlab_runner_worker_slot_operations_total{operation=\"started\"} 8.0");
        }
    }

    private static String failures(String type, String labels, int count) {
        return "gitlab_runner_worker_processing_failures_total{failure_type=\"%s\",%s%d.0"
                .formatted(type, labels, count);
    }

    @Test
    void aLaneThatHasClosedItselfIsShownWithItsReason() throws Exception {
        try (OperationsFixture service = new OperationsFixture(directory).listening()) {
            service.operations.boards(() ->
                    Map.of(
                            OperationsFixture.RUNNER.runner(),
                            List.of(
                                    new LaneView(
                                            "pi",
                                            "shell",
                                            2,
                                            0,
                                            LaneView.State.CLOSED,
                                            "it has 81 degrees, max_temperature is 75"),
                                    new LaneView(
                                            "cloud",
                                            "codebuild",
                                            20,
                                            3,
                                            LaneView.State.OPEN,
                                            ""))));

            JsonNode lanes =
                    Wire.mapper()
                            .readTree(service.get("/api/status").body())
                            .at("/runners/0/lanes");
            assertThat(lanes.at("/0/state").asText()).isEqualTo("closed");
            assertThat(lanes.at("/0/reason").asText())
                    .isEqualTo("it has 81 degrees, max_temperature is 75");
            assertThat(lanes.at("/1/state").asText()).isEqualTo("open");
            assertThat(lanes.at("/1/used").asInt()).isEqualTo(3);
            assertThat(service.get("/metrics").body())
                    .contains(
                            "armrunner_lane_closed{lane=\"pi\",runner=\"Zk3QpW9xL\"} 1.0",
                            "armrunner_lane_closed{lane=\"cloud\",runner=\"Zk3QpW9xL\"} 0.0");
        }
    }

    @Test
    void whatLanesInAwsCostAndHearIsCounted() throws Exception {
        try (OperationsFixture service = new OperationsFixture(directory).listening()) {
            service.operations.lanes(() ->
                    List.of(
                            new LaneNumbers(
                                    "Zk3QpW9xL",
                                    "cloud",
                                    20,
                                    7,
                                    31,
                                    74,
                                    0.1054,
                                    List.of(
                                            new LaneNumbers.Calls(
                                                    "eu-west-3",
                                                    "CodeBuild:StartBuild",
                                                    "ThrottlingException",
                                                    3)))));
            assertThat(service.get("/metrics").body())
                    .contains(
                            "armrunner_lane_limit{lane=\"cloud\",runner=\"Zk3QpW9xL\"} 20.0",
                            "armrunner_lane_month_builds{lane=\"cloud\",runner=\"Zk3QpW9xL\"} 7.0",
                            "armrunner_lane_month_billed_minutes{lane=\"cloud\",runner=\"Zk3QpW9xL\"} 31.0",
                            "armrunner_lane_month_billed_seconds{lane=\"cloud\",runner=\"Zk3QpW9xL\"} 74.0",
                            "armrunner_lane_month_cost_dollars{lane=\"cloud\",runner=\"Zk3QpW9xL\"} 0.1054",
                            "armrunner_aws_calls_total{call=\"CodeBuild:StartBuild\",lane=\"cloud\",outcome=\"ThrottlingException\",region=\"eu-west-3\",runner=\"Zk3QpW9xL\"} 3.0");
        }
    }

    @Test
    @Tag("JS-173")
    void metricsHaveGitLabRunnersNamesAndLabels() throws Exception {
        try (OperationsFixture service = new OperationsFixture(directory).listening()) {
            String idle = service.get("/metrics").body();
            assertThat(idle)
                    .contains(
                            "gitlab_runner_jobs{executor_stage=\"idle\",runner=\"Zk3QpW9xL\",runner_name=\"rack one\",stage=\"idle\",state=\"idle\",system_id=\"s_0123456789ab\"} 0.0",
                            "gitlab_runner_concurrent 8.0",
                            "gitlab_runner_configuration_loaded_total 1.0",
                            "gitlab_runner_limit{runner=\"Zk3QpW9xL\",runner_name=\"rack one\",system_id=\"s_0123456789ab\"} 4.0",
                            "gitlab_runner_jobs_total{runner=\"Zk3QpW9xL\",runner_name=\"rack one\",system_id=\"s_0123456789ab\"} 0.0");
            JobKey first = service.begin(1, "one");
            JobKey second = service.begin(2, "two");
            service.operations.stage(first, "step_script");
            service.clock.pass(Duration.ofSeconds(45));
            service.fail(second, "script_failure");
            service.operations.asking("Zk3QpW9xL");
            service.operations.called(
                    OperationsFixture.RUNNER,
                    HttpRequest.of(
                            "POST", URI.create("https://gitlab.example.com/api/v4/jobs/request")),
                    204,
                    2,
                    Duration.ofMillis(300));
            service.operations.called(
                    OperationsFixture.RUNNER,
                    HttpRequest.of(
                                    "PATCH",
                                    URI.create(
                                            "https://gitlab.example.com/api/v4/jobs/1/trace?debug_trace=false"))
                            .with(new byte[1000]),
                    202,
                    0,
                    Duration.ofMillis(30));
            OperationsFixture.Answer answer = service.get("/metrics");
            assertThat(answer.headers().get("Content-Type")).startsWith("text/plain");
            assertThat(answer.body())
                    .contains(
                            "gitlab_runner_jobs{executor_stage=\"prepare\",runner=\"Zk3QpW9xL\",runner_name=\"rack one\",stage=\"step_script\",state=\"running\",system_id=\"s_0123456789ab\"} 1.0",
                            "gitlab_runner_jobs_total{runner=\"Zk3QpW9xL\",runner_name=\"rack one\",system_id=\"s_0123456789ab\"} 2.0",
                            "gitlab_runner_failed_jobs_total{failure_reason=\"script_failure\",mode=\"traditional\",runner=\"Zk3QpW9xL\",runner_name=\"rack one\"} 1.0",
                            "gitlab_runner_job_duration_seconds_bucket{mode=\"traditional\",runner=\"Zk3QpW9xL\",runner_name=\"rack one\",system_id=\"s_0123456789ab\",le=\"60.0\"} 1",
                            "gitlab_runner_job_duration_seconds_bucket{mode=\"traditional\",runner=\"Zk3QpW9xL\",runner_name=\"rack one\",system_id=\"s_0123456789ab\",le=\"30.0\"} 0",
                            "gitlab_runner_job_queue_duration_seconds_count{project_jobs_running=\"0\",",
                            "gitlab_runner_job_queue_size{runner=\"Zk3QpW9xL\",runner_name=\"rack one\",system_id=\"s_0123456789ab\"} 7.0",
                            "gitlab_runner_request_concurrency{runner=\"Zk3QpW9xL\",system_id=\"s_0123456789ab\"} 1.0",
                            "gitlab_runner_request_concurrency_hard_limit{runner=\"Zk3QpW9xL\",system_id=\"s_0123456789ab\"} 2.0",
                            "gitlab_runner_api_request_statuses_total{endpoint=\"request_job\",method=\"post\",runner=\"Zk3QpW9xL\",status=\"204\",system_id=\"s_0123456789ab\"} 1.0",
                            "gitlab_runner_api_request_duration_seconds_count{endpoint=\"request_job\",method=\"post\",runner=\"Zk3QpW9xL\",status_class=\"2xx\",system_id=\"s_0123456789ab\"} 1",
                            "gitlab_runner_api_request_retries_total{method=\"post\",path=\"request_job\"} 2.0",
                            "gitlab_runner_errors_total{level=\"error\"} 3.0",
                            "gitlab_runner_errors_total{level=\"warning\"} 5.0",
                            "gitlab_runner_version_info{architecture=\"arm64\",",
                            "armrunner_job_pick_up_seconds_count{lane=\"shell\",runner=\"Zk3QpW9xL\",runner_name=\"rack one\"} 1",
                            "armrunner_log_upload_bytes_total{runner=\"Zk3QpW9xL\",runner_name=\"rack one\"} 1000.0",
                            "armrunner_stage_duration_seconds_count{",
                            "process_cpu_seconds_total",
                            "process_resident_memory_bytes",
                            "process_open_fds",
                            "process_start_time_seconds",
                            "jvm_memory_used_bytes");
        }
    }

    @Test
    void healthIsRedWithItsReason() throws Exception {
        try (OperationsFixture service = new OperationsFixture(directory).listening()) {
            assertThat(service.get("/health").status()).isEqualTo(200);
            service.operations.trouble("disk", Optional.of("100 MB free in /builds"));
            OperationsFixture.Answer red = service.get("/health");
            assertThat(red.status()).isEqualTo(503);
            assertThat(json(red).path("status").asText()).isEqualTo("failing");
            assertThat(json(red).path("troubles").path(0).path("what").asText())
                    .isEqualTo("100 MB free in /builds");
            service.operations.trouble("disk", Optional.empty());
            assertThat(json(service.get("/health")).path("status").asText()).isEqualTo("ok");
            service.operations.answered(
                    "Zk3QpW9xL", new JobEvents.Asked(JobEvents.Asked.Kind.REFUSED, 1, 1));
            assertThat(service.get("/health").body()).contains("register it again");
            service.operations.answered(
                    "Zk3QpW9xL", new JobEvents.Asked(JobEvents.Asked.Kind.NO_JOB, 1, 1));
            assertThat(service.get("/health").status()).isEqualTo(200);
        }
    }

    @Test
    void theLogOfAJobIsReadInPiecesWhileItRunsAndAfterwards() throws Exception {
        try (OperationsFixture service = new OperationsFixture(directory).listening()) {
            JobKey job = service.begin(17, "build");
            String path = "/api/jobs/Zk3QpW9xL.17/log";
            assertThat(service.get(path).status()).isEqualTo(404);
            service.write(
                    job,
                    log ->
                            OperationsFixture.output(
                                    log, "first " + OperationsFixture.SECRET + "\n"));
            OperationsFixture.Answer first = service.get(path);
            assertThat(first.body()).contains("first [MASKED]");
            String end = first.headers().get("X-Log-End");
            assertThat(service.get(path + "?offset=" + end).body()).isEmpty();
            service.write(job, log -> OperationsFixture.output(log, "second\n"));
            assertThat(service.get(path + "?offset=" + end).body())
                    .endsWith("second\n")
                    .doesNotContain("first");
            service.succeed(job);
            assertThat(service.get(path).body()).contains("first", "second");
            assertThat(service.get(path + "?offset=-1").status()).isEqualTo(400);
            assertThat(service.get(path + "?offset=x").status()).isEqualTo(400);
            assertThat(service.get("/api/jobs/../../etc/passwd/log").status()).isEqualTo(404);
            assertThat(service.get("/api/jobs/Zk3QpW9xL.18/log").status()).isEqualTo(404);
        }
    }

    @Test
    void theLogOfAJobIsThereInTheMomentOfItsEndToo() throws Exception {
        try (OperationsFixture service = new OperationsFixture(directory).listening()) {
            for (int i = 1; i <= 100; i++) {
                JobKey job = service.begin(i, "build");
                service.write(job, log -> OperationsFixture.output(log, "hello\n"));
                Thread ends = Thread.ofVirtual().start(() -> service.succeed(job));
                do {
                    assertThat(service.get("/api/jobs/" + job + "/log").body()).contains("hello");
                } while (ends.isAlive());
            }
        }
    }

    @Test
    void logsAreShownToThisMachineUnlessTheConfigurationSaysMore() throws Exception {
        try (OperationsFixture service =
                new OperationsFixture(directory).listening("0.0.0.0:0", Optional.empty())) {
            JobKey job = service.begin(17, "build");
            service.write(job, log -> OperationsFixture.output(log, "private\n"));
            OperationsFixture.Answer refused = service.get("/api/jobs/" + job + "/log");
            assertThat(refused.status()).isEqualTo(403);
            assertThat(refused.body()).contains("status_logs");
            assertThat(json(service.get("/api/status")).path("logs").asBoolean()).isFalse();
        }
        try (OperationsFixture service =
                new OperationsFixture(directory.resolve("other"))
                        .listening("0.0.0.0:0", Optional.of(true))) {
            JobKey job = service.begin(17, "build");
            service.write(job, log -> OperationsFixture.output(log, "public\n"));
            assertThat(service.get("/api/jobs/" + job + "/log").body()).contains("public");
        }
    }

    @Test
    void anotherNameForThisMachineIsRefused() throws Exception {
        try (OperationsFixture service = new OperationsFixture(directory).listening()) {
            assertThat(
                            service.get(
                                            HttpRequest.of(
                                                            "GET",
                                                            URI.create(
                                                                    service.url() + "/api/status"))
                                                    .with("Host", "evil.example"))
                                    .status())
                    .isEqualTo(421);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "localhost, true",
        "localhost:9252, true",
        "127.0.0.1:9252, true",
        "127.0.0.53, true",
        "[::1]:9252, true",
        "[::1], true",
        "127.0.0.1.evil.example:9252, false",
        "localhost.evil.example, false",
        "[::1].evil.example, false",
        "192.168.0.2:9252, false",
        "'', false"
    })
    void onlyThisMachinesOwnNamesAreItsOwn(String host, boolean own) {
        assertThat(StatusServer.isLocalName(host)).isEqualTo(own);
    }

    @Test
    void everyAnswerForbidsForeignContentAndNothingCanBeChanged() throws Exception {
        try (OperationsFixture service = new OperationsFixture(directory).listening()) {
            for (String path :
                    new String[] {"/", "/status.js", "/status.css", "/api/status", "/nowhere"}) {
                OperationsFixture.Answer answer = service.get(path);
                assertThat(answer.headers())
                        .as(path)
                        .containsEntry("X-Content-Type-Options", "nosniff");
                assertThat(answer.headers().get("Content-Security-Policy"))
                        .startsWith("default-src 'none'")
                        .doesNotContain("unsafe");
            }
            assertThat(service.get("/nowhere").status()).isEqualTo(404);
            assertThat(
                            service.get(
                                            HttpRequest.of("POST", URI.create(service.url() + "/"))
                                                    .with(new byte[3]))
                                    .status())
                    .isEqualTo(405);
        }
    }

    @Test
    void withoutAnAddressNothingListensAndNoMetricsAreMade() throws Exception {
        try (OperationsFixture service = new OperationsFixture(directory)) {
            service.succeed(service.begin(1, "job"));
            assertThat(service.operations.address()).isEmpty();
        }
    }
}
