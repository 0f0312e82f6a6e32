package io.armrunner.coordinator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.zip.CRC32;

/** A runner's calls, one by one, as plain as can be: right unless the test makes them wrong. */
final class RunnerClient implements AutoCloseable {
    private final HttpClient http = HttpClient.newHttpClient();
    private final URI server;

    RunnerClient(URI server) {
        this.server = server;
    }

    HttpResponse<String> send(String method, String path, Map<String, String> headers, byte[] body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(server.resolve(path))
                        .timeout(Duration.ofSeconds(100))
                        .header("User-Agent", "armrunner-test")
                        .header("X-Request-Id", UUID.randomUUID().toString().replace("-", ""))
                        .method(method, HttpRequest.BodyPublishers.ofByteArray(body));
        headers.forEach(request::setHeader);
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> json(String method, String path, ObjectNode body)
            throws IOException, InterruptedException {
        return send(
                method,
                "/api/v4" + path,
                Map.of("Content-Type", "application/json"),
                Wire.bytes(body));
    }

    static ObjectNode request(CoordinatorRunner runner) {
        ObjectNode body = Wire.mapper().createObjectNode();
        body.put("token", runner.token().value()).put("system_id", "s_0a1b2c3d4e5f");
        ObjectNode info = body.putObject("info");
        info.put("name", "armrunner").putObject("config").put("gpus", "");
        ObjectNode features = info.putObject("features");
        Features.KEYS.forEach(key -> features.put(key, true));
        return body;
    }

    HttpResponse<String> requestJob(CoordinatorRunner runner)
            throws IOException, InterruptedException {
        return json("POST", "/jobs/request", request(runner));
    }

    HttpResponse<String> update(CoordinatorJob job, ObjectNode body)
            throws IOException, InterruptedException {
        return send(
                "PUT",
                "/api/v4/jobs/" + job.id(),
                Map.of("Content-Type", "application/json", "JOB-TOKEN", job.token().value()),
                Wire.bytes(body));
    }

    static ObjectNode state(CoordinatorJob job, String state) {
        ObjectNode body = Wire.mapper().createObjectNode();
        return body.put("token", job.token().value()).put("state", state);
    }

    HttpResponse<String> running(CoordinatorJob job) throws IOException, InterruptedException {
        return update(job, state(job, "running"));
    }

    static ObjectNode finalState(CoordinatorJob job, String state, String log) {
        CRC32 crc = new CRC32();
        byte[] bytes = log.getBytes(StandardCharsets.UTF_8);
        crc.update(bytes);
        String checksum = "crc32:%08x".formatted((int) crc.getValue());
        ObjectNode body = state(job, state);
        body.put("checksum", checksum)
                .putObject("output")
                .put("checksum", checksum)
                .put("bytesize", bytes.length);
        return body;
    }

    HttpResponse<String> succeed(CoordinatorJob job, String log)
            throws IOException, InterruptedException {
        return update(job, finalState(job, "success", log));
    }

    HttpResponse<String> patch(CoordinatorJob job, long offset, String text)
            throws IOException, InterruptedException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return send(
                "PATCH",
                "/api/v4/jobs/" + job.id() + "/trace?debug_trace=false",
                Map.of(
                        "Content-Type",
                        "text/plain",
                        "JOB-TOKEN",
                        job.token().value(),
                        "Content-Range",
                        offset + "-" + (offset + bytes.length - 1)),
                bytes);
    }

    HttpResponse<String> upload(
            CoordinatorJob job, String query, String field, String filename, String content)
            throws IOException, InterruptedException {
        String body =
                "--b0und\r\nContent-Disposition: form-data; name=\""
                        + field
                        + "\"; filename=\""
                        + filename
                        + "\"\r\nContent-Type: application/octet-stream\r\n\r\n"
                        + content
                        + "\r\n--b0und--\r\n";
        return uploadRaw(job, query, body);
    }

    HttpResponse<String> uploadRaw(CoordinatorJob job, String query, String body)
            throws IOException, InterruptedException {
        return send(
                "POST",
                "/api/v4/jobs/" + job.id() + "/artifacts" + query,
                Map.of(
                        "Content-Type",
                        "multipart/form-data; boundary=b0und",
                        "JOB-TOKEN",
                        job.token().value()),
                body.getBytes(StandardCharsets.UTF_8));
    }

    HttpResponse<String> download(
            CoordinatorJob of, String token, String query, Map<String, String> more)
            throws IOException, InterruptedException {
        Map<String, String> headers = new java.util.HashMap<>(more);
        if (!token.isEmpty()) {
            headers.put("JOB-TOKEN", token);
        }
        return send("GET", "/api/v4/jobs/" + of.id() + "/artifacts" + query, headers, new byte[0]);
    }

    @Override
    public void close() {
        http.shutdownNow();
        http.close();
    }
}
