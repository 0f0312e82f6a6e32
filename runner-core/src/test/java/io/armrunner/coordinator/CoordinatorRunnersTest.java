package io.armrunner.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.Wire;
import io.armrunner.testing.CoordinatorExtension;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class CoordinatorRunnersTest {
    @RegisterExtension
    final CoordinatorExtension gitlab =
            new CoordinatorExtension(settings -> settings.withLongPoll(Duration.ofMinutes(10)));

    private Coordinator coordinator;
    private CoordinatorRunner runner;
    private RunnerClient client;

    @BeforeEach
    void connect() {
        coordinator = gitlab.coordinator();
        runner = coordinator.registerRunner(RunnerSpec.tagged());
        client = new RunnerClient(coordinator.url());
    }

    @AfterEach
    void disconnect() {
        client.close();
    }

    private static ObjectNode body(String token) {
        return Wire.mapper().createObjectNode().put("token", token);
    }

    @Test
    void verifyTellsTheRunner() throws IOException, InterruptedException {
        HttpResponse<String> known =
                client.json("POST", "/runners/verify", RunnerClient.request(runner));
        assertThat(known.statusCode()).isEqualTo(200);
        assertThat(Wire.mapper().readTree(known.body()).path("id").asLong()).isEqualTo(runner.id());
        assertThat(runner.systemIds()).containsExactly("s_0a1b2c3d4e5f");
        assertThat(client.json("POST", "/runners/verify", body("glrt-x")).statusCode())
                .isEqualTo(403);
    }

    @Test
    void registrationNeedsItsToken() throws IOException, InterruptedException {
        ObjectNode right =
                body(coordinator.registrationToken().value())
                        .put("tag_list", "arm64, fast")
                        .put("run_untagged", false)
                        .put("locked", true)
                        .put("paused", false);
        HttpResponse<String> made = client.json("POST", "/runners", right);
        assertThat(made.statusCode()).isEqualTo(201);
        JsonNode reply = Wire.mapper().readTree(made.body());
        assertThat(reply.path("token").asText()).startsWith("glrtr-");
        assertThat(client.json("POST", "/runners", body("wrong")).statusCode()).isEqualTo(403);
        assertThat(client.json("POST", "/runners", Wire.mapper().createObjectNode()).statusCode())
                .isEqualTo(400);
        HttpResponse<String> untaken =
                client.json("POST", "/runners", right.deepCopy().put("tag_list", ""));
        assertThat(untaken.statusCode()).isEqualTo(400);
        assertThat(untaken.body()).contains("tags_list");
        assertThat(
                        client.json("DELETE", "/runners", body(reply.path("token").asText()))
                                .statusCode())
                .isEqualTo(204);
    }

    @Test
    void resetMakesTheOldTokenInvalidAtOnce() throws IOException, InterruptedException {
        String old = runner.token().value();
        HttpResponse<String> reset =
                client.json("POST", "/runners/reset_authentication_token", body(old));
        assertThat(reset.statusCode()).isEqualTo(201);
        assertThat(Wire.mapper().readTree(reset.body()).path("token").asText())
                .isEqualTo(runner.token().value());
        assertThat(
                        client.json("POST", "/runners/reset_authentication_token", body(old))
                                .statusCode())
                .isEqualTo(403);
    }

    @Test
    void oneManagerLeavesAndTheRunnerStays() throws IOException, InterruptedException {
        client.json("POST", "/runners/verify", RunnerClient.request(runner));
        String token = runner.token().value();
        assertThat(client.json("DELETE", "/runners/managers", body(token)).statusCode())
                .isEqualTo(400);
        ObjectNode leave = body(token).put("system_id", "s_0a1b2c3d4e5f");
        assertThat(client.json("DELETE", "/runners/managers", leave).statusCode()).isEqualTo(204);
        assertThat(client.json("DELETE", "/runners/managers", leave).statusCode()).isEqualTo(404);
        assertThat(
                        client.json("POST", "/runners/verify", RunnerClient.request(runner))
                                .statusCode())
                .isEqualTo(200);
    }

    @Test
    void aHundredHeldRequestsAreAnsweredByOneChange()
            throws IOException, InterruptedException, ExecutionException, TimeoutException {
        String value =
                client.requestJob(runner)
                        .headers()
                        .firstValue("X-GitLab-Last-Update")
                        .orElseThrow();
        ObjectNode waiting = RunnerClient.request(runner).put("last_update", value);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<HttpResponse<String>>> held = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                held.add(threads.submit(() -> client.json("POST", "/jobs/request", waiting)));
            }
            await().atMost(Duration.ofSeconds(60)).until(() -> coordinator.requestsHeld() == 100);
            CoordinatorJob job = coordinator.job("new").script("true").enqueue();
            for (Future<HttpResponse<String>> one : held) {
                HttpResponse<String> reply = one.get(60, TimeUnit.SECONDS);
                // The change ends the wait; the job itself comes with the next request (§3.3).
                assertThat(reply.statusCode()).isEqualTo(204);
                assertThat(reply.headers().firstValue("X-GitLab-Last-Update")).isEmpty();
                assertThat(reply.headers().firstValue("Gitlab-Ci-Builds-Polling")).contains("yes");
            }
            assertThat(client.json("POST", "/jobs/request", waiting).statusCode()).isEqualTo(201);
            client.succeed(job, "");
        }
    }
}
