package io.armrunner.codebuild.handover;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.cache.RemoteCache.Request;
import io.armrunner.spec.Wire;
import java.util.ArrayList;
import java.util.List;

/**
 * The manager's answer to {@link PartsWanted}.
 *
 * @param wanted what it answers
 * @param parts in the order of their numbers; none if it was refused
 * @param ends requests to complete the upload and to give it up; none if it was refused
 * @param refusal why there are no requests; empty if there are
 */
public record PartsSigned(
        PartsWanted wanted, List<Request> parts, List<Request> ends, String refusal) {
    public PartsSigned {
        parts = List.copyOf(parts);
        ends = List.copyOf(ends);
    }

    /** No requests. */
    public static PartsSigned refused(PartsWanted wanted, String why) {
        return new PartsSigned(wanted, List.of(), List.of(), why);
    }

    /** As it is stored. */
    public byte[] json() {
        ObjectNode json = Wire.mapper().createObjectNode();
        json.put("wanted", new String(wanted.json(), java.nio.charset.StandardCharsets.UTF_8));
        ArrayNode all = json.putArray("parts");
        parts.forEach(part -> all.add(SignedCaches.json(part)));
        ArrayNode last = json.putArray("ends");
        ends.forEach(end -> last.add(SignedCaches.json(end)));
        return Wire.bytes(json.put("refusal", refusal));
    }

    /** Reads {@link #json}. */
    public static PartsSigned read(byte[] bytes) throws JsonProcessingException {
        JsonNode json = Wire.tree(bytes);
        return new PartsSigned(
                PartsWanted.read(
                        json.path("wanted")
                                .asText()
                                .getBytes(java.nio.charset.StandardCharsets.UTF_8)),
                requests(json.path("parts")),
                requests(json.path("ends")),
                json.path("refusal").asText());
    }

    private static List<Request> requests(JsonNode array) {
        List<Request> requests = new ArrayList<>();
        array.forEach(each -> requests.add(SignedCaches.request(each)));
        return requests;
    }

    /** Without signatures. */
    @Override
    public String toString() {
        return "PartsSigned[" + wanted + "]";
    }
}
