package io.armrunner.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.armrunner.spec.Wire;
import io.armrunner.testing.CoordinatorExtension;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class CoordinatorJobsTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @RegisterExtension
    final CoordinatorExtension gitlab =
            new CoordinatorExtension(settings -> settings.withLogLimits(16, 1000));

    private Coordinator coordinator;
    private CoordinatorRunner runner;
    private RunnerClient client;

    @BeforeEach
    void connect() {
        coordinator = gitlab.coordinator();
        runner = coordinator.registerRunner(RunnerSpec.tagged("arm64"));
        client = new RunnerClient(coordinator.url());
    }

    @AfterEach
    void disconnect() {
        client.close();
    }

    private CoordinatorJob accepted(String name) throws IOException, InterruptedException {
        CoordinatorJob job = coordinator.job(name).script("true").enqueue();
        assertThat(client.requestJob(runner).statusCode()).isEqualTo(201);
        return job;
    }

    @Test
    void aJobGoesFromTheQueueToSuccess() throws IOException, InterruptedException {
        CoordinatorJob job = coordinator.job("build").script("uname -m").tags("arm64").enqueue();
        List<String> heard = new ArrayList<>();
        job.listen(
                new JobListener() {
                    @Override
                    public void logGrew(CoordinatorJob of, long offset, byte[] bytes) {
                        heard.add(offset + ":" + new String(bytes, StandardCharsets.UTF_8));
                    }

                    @Override
                    public void stateChanged(CoordinatorJob of, JobState state) {
                        heard.add(state.wireName());
                    }
                });

        HttpResponse<String> handedOut = client.requestJob(runner);
        assertThat(handedOut.statusCode()).isEqualTo(201);
        assertThat(Wire.payload(handedOut.body().getBytes(StandardCharsets.UTF_8)).id())
                .isEqualTo(job.id());
        HttpResponse<String> running = client.running(job);
        assertThat(running.statusCode()).isEqualTo(200);
        assertThat(running.headers().firstValue("Job-Status")).contains("running");
        HttpResponse<String> patched = client.patch(job, 0, "aarch64\n");
        assertThat(patched.statusCode()).isEqualTo(202);
        assertThat(patched.headers().firstValue("Range")).contains("0-8");
        assertThat(patched.headers().firstValue("X-GitLab-Trace-Update-Interval")).contains("3");
        assertThat(client.patch(job, 8, "and a line beyond memory\n").statusCode()).isEqualTo(202);
        String log = "aarch64\nand a line beyond memory\n";
        HttpResponse<String> ended = client.succeed(job, log);
        assertThat(ended.statusCode()).isEqualTo(200);
        assertThat(ended.headers().firstValue("Job-Status")).contains("success");

        assertThat(job.awaitFinished(LIMIT)).isEqualTo(JobState.SUCCESS);
        assertThat(job.logText()).isEqualTo(log);
        assertThat(heard)
                .containsExactly(
                        "running", "0:aarch64\n", "8:and a line beyond memory\n", "success");
    }

    @Test
    void requestsForJobsAreRefusedWithTheReason() throws IOException, InterruptedException {
        gitlab.expectViolations();
        var request = RunnerClient.request(runner);
        request.put("padding", "x".repeat(33 * 1024));
        assertThat(client.json("POST", "/jobs/request", request).statusCode()).isEqualTo(413);
        var noToken = RunnerClient.request(runner);
        noToken.remove("token");
        HttpResponse<String> missing = client.json("POST", "/jobs/request", noToken);
        assertThat(missing.statusCode()).isEqualTo(400);
        assertThat(missing.body()).contains("token is missing");
        var unknown = RunnerClient.request(runner).put("token", "glrt-unknown");
        assertThat(client.json("POST", "/jobs/request", unknown).statusCode()).isEqualTo(403);
        assertThat(
                        client.send(
                                        "POST",
                                        "/api/v4/jobs/request",
                                        Map.of(),
                                        "{".getBytes(StandardCharsets.UTF_8))
                                .statusCode())
                .isEqualTo(400);
        runner.pause(true);
        HttpResponse<String> paused = client.requestJob(runner);
        assertThat(paused.statusCode()).isEqualTo(204);
        assertThat(paused.headers().firstValue("X-GitLab-Last-Update")).isPresent();
    }

    @Test
    void aRunnerOnlyGetsJobsWhoseTagsItHas() throws IOException, InterruptedException {
        coordinator.job("other").script("true").tags("amd64").enqueue();
        assertThat(client.requestJob(runner).statusCode()).isEqualTo(204);
        CoordinatorRunner picky =
                coordinator.registerRunner(new RunnerSpec("picky", List.of("arm64"), false));
        coordinator.job("untagged").script("true").enqueue();
        assertThat(client.requestJob(picky).statusCode()).isEqualTo(204);
    }

    @Test
    void aJobThatNeedsAMissingFeatureFailsForGood() throws IOException, InterruptedException {
        CoordinatorJob report =
                coordinator.job("report").script("true").report("junit", "*.xml").enqueue();
        var request = RunnerClient.request(runner);
        request.withObject("/info/features").put("upload_multiple_artifacts", false);
        assertThat(client.json("POST", "/jobs/request", request).statusCode()).isEqualTo(204);
        assertThat(report.state()).isEqualTo(JobState.FAILED);
        assertThat(report.failureReason()).contains("runner_unsupported");
    }

    @Test
    void theSameQueueValueIsAnsweredWithoutASearch() throws IOException, InterruptedException {
        String value =
                client.requestJob(runner)
                        .headers()
                        .firstValue("X-GitLab-Last-Update")
                        .orElseThrow();
        var request = RunnerClient.request(runner).put("last_update", value);
        HttpResponse<String> same = client.json("POST", "/jobs/request", request);
        assertThat(same.statusCode()).isEqualTo(204);
        assertThat(same.headers().firstValue("X-GitLab-Last-Update")).contains(value);
        CoordinatorJob job = coordinator.job("new").script("true").enqueue();
        assertThat(client.json("POST", "/jobs/request", request).statusCode()).isEqualTo(201);
        client.succeed(job, "");
    }

    @Test
    void updatesAreRefusedWithTheReason() throws IOException, InterruptedException {
        gitlab.expectViolations();
        CoordinatorJob job = accepted("build");
        var noToken = RunnerClient.state(job, "running");
        noToken.remove("token");
        assertThat(client.update(job, noToken).statusCode()).isEqualTo(400);
        assertThat(
                        client.update(
                                        job,
                                        RunnerClient.state(job, "running").put("token", "glcbt-x"))
                                .statusCode())
                .isEqualTo(403);
        assertThat(client.json("PUT", "/jobs/1", RunnerClient.state(job, "running")).statusCode())
                .isEqualTo(403);
        assertThat(client.update(job, RunnerClient.state(job, "sleeping")).statusCode())
                .isEqualTo(400);
        assertThat(client.succeed(job, "").statusCode()).isEqualTo(200);
        HttpResponse<String> late = client.succeed(job, "");
        assertThat(late.statusCode()).isEqualTo(403);
        assertThat(late.headers().firstValue("Job-Status")).contains("success");
    }

    @Test
    void aWrongChecksumIsAViolation() throws IOException, InterruptedException {
        gitlab.expectViolations();
        CoordinatorJob job = accepted("build");
        client.patch(job, 0, "abc");
        assertThat(client.succeed(job, "abd").statusCode()).isEqualTo(200);
        assertThat(coordinator.violations()).anyMatch(v -> v.contains("checksum"));
    }

    @Test
    void patchesAreRefusedWithTheReason() throws IOException, InterruptedException {
        gitlab.expectViolations();
        CoordinatorJob job = accepted("build");
        String path = "/api/v4/jobs/" + job.id() + "/trace?debug_trace=false";
        assertThat(
                        client.send(
                                        "PATCH",
                                        path,
                                        Map.of("Content-Type", "text/plain"),
                                        new byte[1])
                                .statusCode())
                .isEqualTo(403);
        Map<String, String> withToken =
                Map.of("Content-Type", "text/plain", "JOB-TOKEN", job.token().value());
        assertThat(client.send("PATCH", path, withToken, new byte[1]).statusCode()).isEqualTo(400);
        assertThat(client.patch(job, 0, "0123456789").statusCode()).isEqualTo(202);
        HttpResponse<String> again = client.patch(job, 0, "0123456789");
        assertThat(again.statusCode()).isEqualTo(416);
        assertThat(again.headers().firstValue("Range")).contains("0-10");
        assertThat(client.patch(job, 12, "x").statusCode()).isEqualTo(416);
        HttpResponse<String> tooMuch = client.patch(job, 10, "x".repeat(1000));
        assertThat(tooMuch.statusCode()).isEqualTo(403);
        assertThat(tooMuch.headers().firstValue("Job-Status")).contains("failed");
        assertThat(job.failureReason()).contains("trace_size_exceeded");
        assertThat(job.logText()).isEqualTo("0123456789");
    }

    @Test
    void cancelIsGracefulForAManagerThatCanDoIt() throws IOException, InterruptedException {
        CoordinatorJob job = accepted("build");
        job.cancel();
        assertThat(client.patch(job, 0, "x").headers().firstValue("Job-Status"))
                .contains("canceling");
        var end =
                RunnerClient.finalState(job, "failed", "x")
                        .put("failure_reason", "unknown_failure");
        assertThat(client.update(job, end).headers().firstValue("Job-Status")).contains("canceled");
        assertThat(job.state()).isEqualTo(JobState.CANCELED);
    }

    @Test
    void theFirstCallOfAManagerDecidesHowItIsCancelled() throws IOException, InterruptedException {
        CoordinatorJob job = coordinator.job("build").script("true").enqueue();
        var plain = RunnerClient.request(runner);
        plain.withObject("/info/features").put("cancel_gracefully", false);
        assertThat(client.json("POST", "/runners/verify", plain).statusCode()).isEqualTo(200);
        assertThat(client.requestJob(runner).statusCode()).isEqualTo(201);
        job.cancel();
        assertThat(job.state()).isEqualTo(JobState.CANCELED);
        assertThat(client.patch(job, 0, "x").statusCode()).isEqualTo(403);
    }

    @Test
    void whatComesAfterTheEndIsAViolation() throws IOException, InterruptedException {
        gitlab.expectViolations();
        CoordinatorJob job = accepted("build");
        job.forceCancel();
        assertThat(client.patch(job, 0, "x").statusCode()).isEqualTo(403);
        // Only when that is in the books the coordinator knows what the runner knows.
        assertThat(coordinator.requests(Endpoint.TRACE)).hasSize(1);
        assertThat(client.patch(job, 0, "x").statusCode()).isEqualTo(403);
        assertThat(coordinator.violations()).isEmpty();
        assertThat(client.patch(job, 0, "x").statusCode()).isEqualTo(403);
        assertThat(coordinator.violations()).hasSize(1);
    }

    @Test
    void faultsComeAsOrdered() throws IOException, InterruptedException {
        CoordinatorJob job = accepted("build");
        coordinator.faults().on(Endpoint.TRACE).of(job).times(2).answer(500);
        assertThat(client.patch(job, 0, "a").statusCode()).isEqualTo(500);
        assertThat(client.patch(job, 0, "a").statusCode()).isEqualTo(500);
        coordinator.faults().on(Endpoint.TRACE).loseAnswer();
        assertThatThrownBy(() -> client.patch(job, 0, "a")).isInstanceOf(IOException.class);
        assertThat(client.patch(job, 0, "a").statusCode()).isEqualTo(416);
        coordinator.faults().on(Endpoint.TRACE).cut();
        assertThatThrownBy(() -> client.patch(job, 1, "b")).isInstanceOf(IOException.class);
        assertThat(client.patch(job, 1, "b").statusCode()).isEqualTo(202);
        coordinator.faults().on(Endpoint.FINAL_UPDATE).notYetComplete(Duration.ofSeconds(2));
        HttpResponse<String> notYet = client.succeed(job, "ab");
        assertThat(notYet.statusCode()).isEqualTo(202);
        assertThat(notYet.headers().firstValue("X-GitLab-Trace-Update-Interval")).contains("2");
        assertThat(client.succeed(job, "ab").statusCode()).isEqualTo(200);
        assertThat(coordinator.requests(Endpoint.FINAL_UPDATE)).hasSize(2);
    }

    @Test
    void itComesUpAgainOnTheSamePort() throws IOException, InterruptedException {
        CoordinatorJob job = accepted("build");
        coordinator.goDown();
        assertThatThrownBy(() -> client.running(job)).isInstanceOf(IOException.class);
        coordinator.comeUp();
        assertThat(client.running(job).statusCode()).isEqualTo(200);
        client.succeed(job, "");
    }
}
