package io.armrunner.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.http.ClientSettings;
import io.armrunner.http.EventLoops;
import io.armrunner.http.Exchange;
import io.armrunner.http.HttpClient;
import io.armrunner.http.HttpServer;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class GitLabClientTest {
    private static final Instant NOW = Instant.parse("2026-10-21T07:28:00Z");
    private static final byte[] NOTHING = new byte[0];
    private static final ManagerInfo INFO =
            new ManagerInfo(
                    "armrunner",
                    "1",
                    "",
                    "linux",
                    "arm64",
                    "shell",
                    "bash",
                    Set.of("variables"),
                    Map.of());

    private record Answer(int status, Map<String, String> headers, String body) {}

    private record Seen(String line, Map<String, String> headers, String body) {}

    private final EventLoops loops = EventLoops.open(1);
    private final HttpClient http = HttpClient.open(loops, ClientSettings.DEFAULTS);
    private final ConcurrentLinkedQueue<Answer> answers = new ConcurrentLinkedQueue<>();
    private final List<Seen> seen = Collections.synchronizedList(new ArrayList<>());
    private final List<Duration> waits = Collections.synchronizedList(new ArrayList<>());
    private final HttpServer server;
    private final GitLabClient client;
    private final JobReports reports;

    GitLabClientTest() throws IOException {
        server =
                HttpServer.start(
                        loops,
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        this::answer);
        var caller = new RetryingCaller(http, "armrunner 1", () -> NOW, new Random(1), waits::add);
        GitLabUrl url = GitLabUrl.of("http://127.0.0.1:" + server.port() + "/ci/");
        client = new GitLabClient(caller, url, Secret.of("glrt-secret"), "s_0a1b2c3d4e5f", INFO);
        reports = client.reports(7, Secret.of("glcbt-7"), false);
    }

    @AfterEach
    void close() {
        server.close();
        http.close();
        loops.close();
    }

    private void answer(Exchange exchange) throws IOException {
        String query = exchange.rawQuery().isEmpty() ? "" : "?" + exchange.rawQuery();
        seen.add(
                new Seen(
                        exchange.method() + " " + exchange.path() + query,
                        exchange.headers(),
                        new String(exchange.body(2 << 20), UTF_8)));
        Answer answer = answers.poll();
        if (answer == null) {
            exchange.reply(599, Map.of(), NOTHING);
        } else {
            exchange.reply(answer.status(), answer.headers(), answer.body().getBytes(UTF_8));
        }
    }

    private void will(int status, String... headers) {
        Map<String, String> map = headers.length == 0 ? Map.of() : Map.of(headers[0], headers[1]);
        answers.add(new Answer(status, map, ""));
    }

    private PatchReply patch(int length) throws IOException, InterruptedException {
        return reports.patch(0, new byte[length], length);
    }

    @Test
    @Tag("RP-1")
    @Tag("RP-5")
    @Tag("RP-31")
    void aJobRequestCarriesIdentityAndAllFeatures() throws IOException, InterruptedException {
        will(204);
        will(204);
        assertThat(client.request(true)).isEqualTo(new JobReply.NoJob(0));
        client.request(true);
        JsonNode body = Wire.tree(seen.getFirst().body().getBytes(UTF_8));
        assertThat(seen.getFirst().line()).isEqualTo("POST /api/v4/jobs/request");
        assertThat(body.at("/token").asText()).isEqualTo("glrt-secret");
        assertThat(body.at("/system_id").asText()).isEqualTo("s_0a1b2c3d4e5f");
        assertThat(body.at("/info/features")).hasSize(31).allMatch(JsonNode::isBoolean);
        assertThat(body.at("/info/config/gpus").isTextual()).isTrue();
        assertThat(seen.getFirst().headers().get("user-agent")).isEqualTo("armrunner 1");
        assertThat(seen)
                .allMatch(call ->
                        call.headers().getOrDefault("x-request-id", "").matches("[0-9a-f]{32}"));
        assertThat(seen.getFirst().headers().get("x-request-id"))
                .isNotEqualTo(seen.getLast().headers().get("x-request-id"));
    }

    @Test
    @Tag("RP-32")
    void theLastUpdateIsKept() throws IOException, InterruptedException {
        will(204, "X-GitLab-Last-Update", "A");
        will(204);
        will(204);
        for (int i = 0; i < 3; i++) {
            client.request(true);
        }
        assertThat(seen.get(0).body()).doesNotContain("last_update");
        assertThat(seen.get(1).body()).contains("\"last_update\":\"A\"");
        assertThat(seen.get(2).body()).contains("\"last_update\":\"A\"");
    }

    @Test
    @Tag("RP-41")
    void aJobIsParsedAndABrokenOneIsAFailedCall() throws IOException, InterruptedException {
        answers.add(
                new Answer(
                        201,
                        Map.of("Content-Type", "application/json; charset=utf-8"),
                        "{\"id\":17,\"x\":null}"));
        answers.add(new Answer(201, Map.of("Content-Type", "application/json"), "{\"id\":"));
        answers.add(new Answer(201, Map.of("Content-Type", "text/html"), "{}"));
        will(204);
        assertThat(client.request(true))
                .isInstanceOfSatisfying(
                        JobReply.Job.class, job -> assertThat(job.payload().id()).isEqualTo(17));
        for (int i = 0; i < 2; i++) {
            assertThat(client.request(true))
                    .isInstanceOfSatisfying(
                            JobReply.Failed.class,
                            failed -> assertThat(failed.httpStatus()).isEqualTo(-1));
        }
        assertThat(client.request(true)).isEqualTo(new JobReply.NoJob(0));
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 429, 500, 502, 503, 504, 512, 599})
    @Tag("RP-5")
    @Tag("RP-12")
    void retriableStatusesGetFiveAttemptsWithOneIdAndTheWholeBody(int status)
            throws IOException, InterruptedException {
        for (int i = 0; i < 5; i++) {
            will(status);
        }
        assertThat(client.request(true).retriable()).isEqualTo(5);
        assertThat(seen).hasSize(5);
        assertThat(seen.stream().map(Seen::body).distinct()).hasSize(1);
        assertThat(seen.stream().map(call -> call.headers().get("x-request-id")).distinct())
                .hasSize(1);
        assertThat(waits).hasSize(4);
        for (int i = 0; i < 4; i++) {
            assertThat(waits.get(i))
                    .isBetween(Duration.ofMillis(100), Duration.ofMillis(100L << i));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 403, 404, 409, 422, 501, 505, 511})
    @Tag("RP-13")
    void otherStatusesGetOneAttempt(int status) throws IOException, InterruptedException {
        will(status);
        assertThat(client.request(true).retriable()).isZero();
        assertThat(seen).hasSize(1);
    }

    @Test
    @Tag("RP-14")
    @Tag("RP-15")
    void theServerSaysHowLongToWait() throws IOException, InterruptedException {
        will(429, "Retry-After", "2");
        will(429, "Retry-After", "Wed, 21 Oct 2026 07:30:00 GMT");
        answers.add(
                new Answer(
                        429,
                        Map.of(
                                "Retry-After",
                                "2",
                                "RateLimit-ResetTime",
                                "Wed, 21 Oct 2026 07:28:09 GMT"),
                        ""));
        answers.add(
                new Answer(
                        429,
                        Map.of(
                                "Retry-After",
                                "3",
                                "RateLimit-ResetTime",
                                "Wed, 21 Oct 2026 07:27:00 GMT"),
                        ""));
        will(204);
        assertThat(client.request(true)).isEqualTo(new JobReply.NoJob(4));
        assertThat(waits.get(0)).isEqualTo(Duration.ofSeconds(2));
        assertThat(waits.get(1)).isLessThanOrEqualTo(Duration.ofMillis(200));
        assertThat(waits.get(2)).isEqualTo(Duration.ofSeconds(9));
        assertThat(waits.get(3)).isEqualTo(Duration.ofSeconds(3));
    }

    @Test
    @Tag("RP-54")
    void aPatchHasGitLabsOwnRangeAndPlainText() throws IOException, InterruptedException {
        will(202);
        assertThat(patch(10))
                .isEqualTo(new PatchReply.Accepted(JobStatus.RUNNING, Optional.empty()));
        Seen call = seen.getFirst();
        assertThat(call.line()).isEqualTo("PATCH /api/v4/jobs/7/trace?debug_trace=false");
        assertThat(call.headers())
                .containsEntry("content-range", "0-9")
                .containsEntry("content-type", "text/plain")
                .containsEntry("content-length", "10")
                .containsEntry("job-token", "glcbt-7");
        assertThat(call.body()).hasSize(10);
    }

    @Test
    @Tag("RP-55")
    void aDebugTraceIsAnnounced() throws IOException, InterruptedException {
        will(202);
        client.reports(7, Secret.of("t"), true).patch(0, new byte[1], 1);
        assertThat(seen.getFirst().line()).endsWith("?debug_trace=true");
    }

    @Test
    @Tag("RP-57")
    void patchesOutOfBoundsAreNeverSent() {
        assertThatThrownBy(() -> patch(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> patch(JobReports.MAX_PATCH_BYTES + 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(seen).isEmpty();
    }

    @Test
    @Tag("RP-58")
    @Tag("RP-59")
    @Tag("RP-61")
    @Tag("RP-62")
    @Tag("RP-63")
    void patchRepliesAreMapped() throws IOException, InterruptedException {
        will(416, "Range", "0-700");
        will(416);
        will(404);
        will(413);
        will(403);
        will(202, "Job-Status", "canceled");
        will(202, "Job-Status", "canceling");
        assertThat(patch(1))
                .isEqualTo(new PatchReply.RangeMismatch(700, JobStatus.RUNNING, Optional.empty()));
        assertThat(patch(1))
                .isEqualTo(new PatchReply.RangeMismatch(0, JobStatus.RUNNING, Optional.empty()));
        assertThat(patch(1))
                .isEqualTo(new PatchReply.NotFound(JobStatus.RUNNING, Optional.empty()));
        assertThat(patch(1))
                .isEqualTo(new PatchReply.Failed(413, JobStatus.RUNNING, Optional.empty()));
        assertThat(patch(1)).isEqualTo(new PatchReply.Abort(JobStatus.RUNNING, Optional.empty()));
        assertThat(patch(1)).isEqualTo(new PatchReply.Abort(JobStatus.OVER, Optional.empty()));
        assertThat(patch(1))
                .isEqualTo(new PatchReply.Accepted(JobStatus.CANCELING, Optional.empty()));
    }

    @Test
    @Tag("RP-64")
    void intervalsAreReadAndCut() throws IOException, InterruptedException {
        for (String value : List.of("10", "0", "-1", "x", "100000")) {
            will(202, "X-GitLab-Trace-Update-Interval", value);
        }
        List<Optional<Duration>> read = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            read.add(patch(1).interval());
        }
        assertThat(read)
                .containsExactly(
                        Optional.of(Duration.ofSeconds(10)),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(Duration.ofMinutes(15)));
    }

    @Test
    @Tag("RP-61")
    void aPatchThatIsRefusedForAWhileIsAFailedOne() throws IOException, InterruptedException {
        for (int status : new int[] {429, 500}) {
            for (int i = 0; i < RetryingCaller.ATTEMPTS; i++) {
                will(status);
            }
            assertThat(patch(1))
                    .isEqualTo(new PatchReply.Failed(status, JobStatus.RUNNING, Optional.empty()));
        }
    }

    @Test
    @Tag("RP-2")
    void anAddressThatIsNoHttpIsRefusedBeforeAnythingIsSent() {
        for (String url : List.of("ftp://h", "h", "https:///x", "file:///etc/passwd", "")) {
            assertThatThrownBy(() -> GitLabUrl.of(url))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("https://gitlab.example.com");
        }
        assertThat(seen).isEmpty();
    }

    @Test
    @Tag("RP-42")
    void aRequestForAJobIsNeverLargerThanGitLabTakes() {
        Map<String, String> labels = new java.util.HashMap<>();
        for (int i = 0; i < 200; i++) {
            labels.put("label-" + i, "x".repeat(256));
        }
        ManagerInfo large =
                new ManagerInfo(
                        "armrunner",
                        "1",
                        "",
                        "linux",
                        "arm64",
                        "shell",
                        "bash",
                        Set.of("variables"),
                        labels);
        var caller = new RetryingCaller(http, "armrunner 1", () -> NOW, new Random(1), waits::add);
        GitLabUrl url = GitLabUrl.of("http://127.0.0.1:" + server.port());
        var talkative = new GitLabClient(caller, url, Secret.of("t"), "s_0a1b2c3d4e5f", large);
        assertThatThrownBy(() -> talkative.request(true))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("32768")
                .hasMessageContaining("labels");
        assertThat(seen).isEmpty();
    }

    @Test
    @Tag("RP-81")
    @Tag("RP-82")
    void updateRepliesAreMappedInGitLabsOrder() throws IOException, InterruptedException {
        will(200, "Job-Status", "failed");
        will(403);
        will(404);
        will(200);
        will(202, "X-GitLab-Trace-Update-Interval", "2");
        will(412);
        will(400);
        var failed = new JobUpdate.Failed(new JobUpdate.LogState(0, 5), "script_failure", 42);
        assertThat(reports.update(failed))
                .isEqualTo(new UpdateReply.Abort(200, JobStatus.OVER, Optional.empty()));
        assertThat(reports.update(failed))
                .isEqualTo(new UpdateReply.Abort(403, JobStatus.RUNNING, Optional.empty()));
        assertThat(reports.update(failed))
                .isEqualTo(new UpdateReply.Abort(404, JobStatus.RUNNING, Optional.empty()));
        assertThat(reports.update(failed))
                .isEqualTo(new UpdateReply.Done(JobStatus.RUNNING, Optional.empty()));
        assertThat(reports.update(failed))
                .isEqualTo(
                        new UpdateReply.AcceptedNotCompleted(
                                JobStatus.RUNNING, Optional.of(Duration.ofSeconds(2))));
        assertThat(reports.update(failed))
                .isEqualTo(
                        new UpdateReply.TraceValidationFailed(JobStatus.RUNNING, Optional.empty()));
        assertThat(reports.update(failed))
                .isEqualTo(new UpdateReply.Failed(400, JobStatus.RUNNING, Optional.empty()));
        JsonNode body = Wire.tree(seen.getFirst().body().getBytes(UTF_8));
        assertThat(body.at("/state").asText()).isEqualTo("failed");
        assertThat(body.at("/exit_code").asInt()).isEqualTo(42);
        assertThat(body.at("/output/checksum").asText()).isEqualTo("crc32:00000000");
        assertThat(body.at("/output/bytesize").asInt()).isEqualTo(5);
    }
}
