package io.armrunner.spec;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;

/** GitLab's JSON in and out: lenient in what it reads, exact in what it writes. Thread-safe. */
public final class Wire {
    private static final JsonMapper MAPPER =
            JsonMapper.builder(
                            // Not by thread: a job's thread lives for hours and reads once.
                            JsonFactory.builder()
                                    .recyclerPool(JsonRecyclerPools.sharedBoundedPool())
                                    .build())
                    .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                    .disable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
                    .build();

    private Wire() {}

    /** The mapper itself, for building trees. */
    public static JsonMapper mapper() {
        return MAPPER;
    }

    /** Reads a job payload; unknown keys are passed over and nulls become empty values. */
    public static JobPayload payload(byte[] json) throws JsonProcessingException {
        return read(json, JobPayload.class);
    }

    /**
     * Reads a value of {@code type}; the error's text never quotes the input, which may hold a
     * token.
     */
    public static <T> T read(byte[] json, Class<T> type) throws JsonProcessingException {
        try {
            return MAPPER.readValue(json, type);
        } catch (JsonProcessingException e) {
            e.clearLocation();
            throw e;
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Reads any JSON as a tree. */
    public static JsonNode tree(byte[] json) throws JsonProcessingException {
        return read(json, JsonNode.class);
    }

    /** The bytes of a value. */
    public static byte[] bytes(Object value) {
        try {
            return MAPPER.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("cannot be written as JSON: " + value.getClass(), e);
        }
    }
}
