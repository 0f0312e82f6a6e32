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
 * @param limits what goes in parts; the manager signs these when it is {@linkplain PartsWanted
 *     asked}
 * @param requests by operation and object, {@code GET project/1/key}; {@code BEGIN} is that of an
 *     upload in parts
 * @param refusal why there are not all requests that the job may need; empty if there are
 */
public record SignedCaches(
        String path,
        boolean shared,
        long maxArchiveSize,
        Limits limits,
        Map<String, RemoteCache.Request> requests,
        String refusal)
        implements RemoteCache {
    /** No caches. */
    public static final SignedCaches NONE =
            new SignedCaches("", false, 0, Limits.NONE, Map.of(), "");

    public SignedCaches {
        requests = Map.copyOf(requests);
    }

    /** What a request is found by. */
    public static String name(Operation operation, String object) {
        return operation + " " + object;
    }

    /** What the beginning of an upload in parts is found by. */
    public static String begin(String object) {
        return "BEGIN " + object;
    }

    @Override
    public Request sign(Operation operation, String object, String cacheKey, Duration validity)
            throws IOException {
        return found(name(operation, object), cacheKey);
    }

    /** Only the beginning: what follows names an upload, which nobody knows before. */
    @Override
    public Request sign(PartStep step, String object, String cacheKey, Duration validity)
            throws IOException {
        if (step instanceof PartStep.Begin) {
            return found(begin(object), cacheKey);
        }
        throw new IOException("the runner signs the parts of a cache when it is asked");
    }

    private Request found(String name, String cacheKey) throws IOException {
        Request request = requests.get(name);
        if (request == null) {
            throw new IOException(
                    refusal.isEmpty()
                            ? "the runner signed no request to %s the cache %s: its key was another one when the job was handed over"
                                    .formatted(name.substring(0, name.indexOf(' ')), cacheKey)
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
                        .put("refusal", refusal)
                        .put("largest_put", limits.largestPut())
                        .put("part", limits.part());
        ArrayNode all = json.putArray("requests");
        requests.forEach((name, request) -> all.add(json(request).put("name", name)));
        return json;
    }

    static SignedCaches read(JsonNode json) {
        Map<String, Request> requests = new LinkedHashMap<>();
        for (JsonNode entry : json.path("requests")) {
            requests.put(entry.path("name").asText(), request(entry));
        }
        return new SignedCaches(
                json.path("path").asText(),
                json.path("shared").asBoolean(),
                json.path("max_archive_size").asLong(),
                new Limits(
                        json.path("largest_put").asLong(Long.MAX_VALUE),
                        json.path("part").asLong(Long.MAX_VALUE)),
                requests,
                json.path("refusal").asText());
    }

    /** One request, as it is stored. */
    static ObjectNode json(Request request) {
        ObjectNode json = Wire.mapper().createObjectNode().put("uri", request.uri().toString());
        ObjectNode headers = json.putObject("headers");
        request.headers().forEach(headers::put);
        return json;
    }

    /** Reads {@link #json(Request)}. */
    static Request request(JsonNode json) {
        Map<String, String> headers = new LinkedHashMap<>();
        json.path("headers")
                .properties()
                .forEach(header -> headers.put(header.getKey(), header.getValue().asText()));
        return new Request(URI.create(json.path("uri").asText()), headers);
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
