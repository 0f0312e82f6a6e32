package io.armrunner.codebuild.handover;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.cache.RemoteCache;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The requests of one job's caches, signed by the manager: the build itself has no right to any
 * cache, so no job can reach another project's. Immutable.
 *
 * @param path what every object's name begins with, or empty
 * @param shared whether runners share their caches
 * @param maxArchiveSize the largest archive to send in bytes, 0 for no limit
 * @param requests by operation and object, {@code GET project/1/key}
 * @param refusal why there are not all requests that the job may need; empty if there are
 */
public record SignedCaches(
        String path,
        boolean shared,
        long maxArchiveSize,
        Map<String, RemoteCache.Request> requests,
        String refusal)
        implements RemoteCache {
    /** No caches. */
    public static final SignedCaches NONE = new SignedCaches("", false, 0, Map.of(), "");

    public SignedCaches {
        requests = Map.copyOf(requests);
    }

    /** What a request is found by. */
    public static String name(Operation operation, String object) {
        return operation + " " + object;
    }

    @Override
    public Request sign(Operation operation, String object, String cacheKey, Duration validity)
            throws IOException {
        Request request = requests.get(name(operation, object));
        if (request == null) {
            throw new IOException(
                    refusal.isEmpty()
                            ? "the runner signed no request to %s the cache %s: its key was another one when the job was handed over"
                                    .formatted(operation, cacheKey)
                            : refusal);
        }
        return request;
    }

    JsonNode json() {
        ObjectNode json =
                Wire.mapper()
                        .createObjectNode()
                        .put("path", path)
                        .put("shared", shared)
                        .put("max_archive_size", maxArchiveSize)
                        .put("refusal", refusal);
        ArrayNode all = json.putArray("requests");
        requests.forEach((name, request) -> {
            var entry = all.addObject().put("name", name).put("uri", request.uri().toString());
            var headers = entry.putObject("headers");
            request.headers().forEach(headers::put);
        });
        return json;
    }

    static SignedCaches read(JsonNode json) {
        Map<String, Request> requests = new LinkedHashMap<>();
        for (JsonNode entry : json.path("requests")) {
            Map<String, String> headers = new LinkedHashMap<>();
            entry.path("headers")
                    .properties()
                    .forEach(header -> headers.put(header.getKey(), header.getValue().asText()));
            requests.put(
                    entry.path("name").asText(),
                    new Request(URI.create(entry.path("uri").asText()), headers));
        }
        return new SignedCaches(
                json.path("path").asText(),
                json.path("shared").asBoolean(),
                json.path("max_archive_size").asLong(),
                requests,
                json.path("refusal").asText());
    }

    /** Whether the job has no caches beyond its own machine. */
    public boolean isNone() {
        return requests.isEmpty() && refusal.isEmpty();
    }

    @Override
    public String toString() {
        return "SignedCaches" + requests.keySet();
    }
}
