package io.armrunner.codebuild.handover;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.spec.Wire;

/**
 * What an agent asks its manager for when a cache goes in parts: requests that nobody could sign
 * before the upload had begun.
 *
 * @param object the cache's name in the store
 * @param upload the store's number of the upload
 * @param first the number of the first part
 * @param count of parts
 */
public record PartsWanted(String object, String upload, int first, int count) {
    /** A manager signs no more of them at once. */
    public static final int MOST = 200;

    /** As it is stored. */
    public byte[] json() {
        return Wire.bytes(
                Wire.mapper()
                        .createObjectNode()
                        .put("object", object)
                        .put("upload", upload)
                        .put("first", first)
                        .put("count", count));
    }

    /** Reads {@link #json}. */
    public static PartsWanted read(byte[] bytes) throws JsonProcessingException {
        JsonNode json = Wire.tree(bytes);
        return new PartsWanted(
                json.path("object").asText(),
                json.path("upload").asText(),
                json.path("first").asInt(),
                json.path("count").asInt());
    }
}
