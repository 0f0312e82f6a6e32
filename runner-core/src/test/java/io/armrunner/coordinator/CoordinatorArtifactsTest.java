package io.armrunner.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.spec.Wire;
import io.armrunner.testing.CoordinatorExtension;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class CoordinatorArtifactsTest {
    private static final String ZIP = "?artifact_format=zip&artifact_type=archive";

    @RegisterExtension
    final CoordinatorExtension gitlab =
            new CoordinatorExtension(
                    settings -> settings.withArtifactLimit(200_000).withRedirectedDownloads());

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
    void disconnect() throws IOException, InterruptedException {
        for (CoordinatorJob job : coordinator.jobs()) {
            if (job.state().isExecuting()) {
                assertThat(client.succeed(job, "").statusCode()).isEqualTo(200);
            }
        }
        client.close();
    }

    private CoordinatorJob accepted() throws IOException, InterruptedException {
        CoordinatorJob job = coordinator.job("build").script("true").enqueue();
        assertThat(client.requestJob(runner).statusCode()).isEqualTo(201);
        return job;
    }

    @Test
    void anUploadArrivesByteForByte() throws IOException, InterruptedException {
        CoordinatorJob job = accepted();
        // Half boundaries all over, and more than any buffer.
        String content = "\r\n--b0un\r\r\n--b0und".substring(0, 15).repeat(10_000);
        HttpResponse<String> stored =
                client.upload(job, ZIP + "&expire_in=1+week", "file", "artifacts.zip", content);
        assertThat(stored.statusCode()).isEqualTo(201);
        StoredArtifact artifact = job.artifacts().getFirst();
        assertThat(Files.readString(artifact.file())).isEqualTo(content);
        assertThat(artifact.size()).isEqualTo(content.length());
        assertThat(artifact.filename()).isEqualTo("artifacts.zip");
        assertThat(artifact.expireIn()).isEqualTo("1 week");
        assertThat(client.upload(job, ZIP, "file", "artifacts.zip", content).statusCode())
                .isEqualTo(201);
        assertThat(client.upload(job, ZIP, "file", "artifacts.zip", "other").statusCode())
                .isEqualTo(400);
        assertThat(job.artifacts()).hasSize(1);
    }

    @Test
    void uploadsAreRefusedWithTheReason() throws IOException, InterruptedException {
        gitlab.expectViolations();
        CoordinatorJob job = accepted();
        assertThat(client.upload(job, "?artifact_type=nonsense", "file", "a", "x").statusCode())
                .isEqualTo(400);
        assertThat(client.upload(job, "?artifact_format=rar", "file", "a", "x").statusCode())
                .isEqualTo(400);
        assertThat(client.upload(job, ZIP, "datei", "a", "x").statusCode()).isEqualTo(500);
        assertThat(client.upload(job, ZIP, "file", "a", "x".repeat(200_001)).statusCode())
                .isEqualTo(413);
        String head = "Content-Disposition: form-data; name=\"file\"; filename=\"a\"";
        String two =
                String.join(
                        "\r\n",
                        "--b0und",
                        head,
                        "",
                        "x",
                        "--b0und",
                        head,
                        "",
                        "y",
                        "--b0und--",
                        "");
        assertThat(client.uploadRaw(job, ZIP, two).statusCode()).isEqualTo(500);
        String broken = String.join("\r\n", "--b0und", head, "", "x");
        assertThat(client.uploadRaw(job, ZIP, broken).statusCode()).isEqualTo(400);
        assertThat(job.artifacts()).isEmpty();
        job.forceCancel();
        assertThat(client.upload(job, ZIP, "file", "a", "x").statusCode()).isEqualTo(403);
    }

    @Test
    void aLaterJobGetsTheArchiveOfAnEarlierOne() throws IOException, InterruptedException {
        CoordinatorJob first = accepted();
        CoordinatorJob second = coordinator.job("test").script("true").dependsOn(first).enqueue();
        assertThat(client.requestJob(runner).statusCode()).isEqualTo(204);
        client.upload(first, ZIP, "file", "artifacts.zip", "0123456789");
        client.succeed(first, "");
        HttpResponse<String> handedOut = client.requestJob(runner);
        assertThat(
                        Wire.mapper()
                                .readTree(handedOut.body())
                                .path("dependencies")
                                .path(0)
                                .path("artifacts_file"))
                .hasToString("{\"filename\":\"artifacts.zip\",\"size\":10}");
        String token = second.token().value();
        assertThat(client.download(first, token, "", Map.of()).body()).isEqualTo("0123456789");
        HttpResponse<String> part = client.download(first, token, "", Map.of("Range", "bytes=2-4"));
        assertThat(part.statusCode()).isEqualTo(206);
        assertThat(part.body()).isEqualTo("234");
        assertThat(client.download(first, token, "", Map.of("Range", "bytes=10-")).statusCode())
                .isEqualTo(416);
        HttpResponse<String> moved =
                client.download(first, token, "?direct_download=true", Map.of());
        assertThat(moved.statusCode()).isEqualTo(302);
        String location = moved.headers().firstValue("Location").orElseThrow();
        assertThat(client.send("GET", location, Map.of(), new byte[0]).body())
                .isEqualTo("0123456789");
        assertThat(coordinator.requests(Endpoint.STORAGE)).hasSize(1);
    }

    @Test
    void aTokenGivenToTheStorageIsAViolation() throws IOException, InterruptedException {
        gitlab.expectViolations();
        CoordinatorJob job = accepted();
        client.upload(job, ZIP, "file", "artifacts.zip", "x");
        String location =
                client.download(job, job.token().value(), "?direct_download=true", Map.of())
                        .headers()
                        .firstValue("Location")
                        .orElseThrow();
        client.send("GET", location, Map.of("JOB-TOKEN", job.token().value()), new byte[0]);
        assertThat(coordinator.violations()).anyMatch(v -> v.contains("storage host"));
    }

    @Test
    void downloadsAreRefusedWithTheReason() throws IOException, InterruptedException {
        CoordinatorJob job = accepted();
        assertThat(client.download(job, "", "", Map.of()).statusCode()).isEqualTo(401);
        assertThat(client.download(job, "glcbt-wrong", "", Map.of()).statusCode()).isEqualTo(403);
        assertThat(client.download(job, job.token().value(), "", Map.of()).statusCode())
                .isEqualTo(404);
    }
}
