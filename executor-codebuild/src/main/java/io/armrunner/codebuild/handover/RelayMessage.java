package io.armrunner.codebuild.handover;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.util.Arrays;

/**
 * What an agent that cannot reach GitLab says to its manager. Messages are numbered without a gap;
 * each is an object of its own: a line of JSON, and what it is about behind it.
 */
public sealed interface RelayMessage {
    /** A piece of the log. */
    final class Log implements RelayMessage {
        private final long offset;
        private final byte[] bytes;

        /**
         * @param offset of the first byte
         * @param bytes not changed any more
         */
        public Log(long offset, byte[] bytes) {
            this.offset = offset;
            this.bytes = bytes;
        }

        public long offset() {
            return offset;
        }

        public byte[] bytes() {
            return bytes;
        }

        @Override
        public String toString() {
            return "Log[" + offset + "+" + bytes.length + "]";
        }
    }

    /**
     * An artifact, which is in an object of its own; the manager answers.
     *
     * @param file the number of that object
     * @param type see the protocol's upload of artifacts, as with the others
     */
    record Upload(
            long file, String type, String format, String expireIn, String filename, long size)
            implements RelayMessage {}

    /**
     * Asks for the archive of an earlier job; the manager answers when it is in an object of its
     * own.
     *
     * @param file the number of that object
     */
    record Download(long file, long jobId) implements RelayMessage {}

    /** As it is stored. */
    default byte[] encoded() {
        ObjectNode json = Wire.mapper().createObjectNode();
        byte[] body =
                switch (this) {
                    case Log log -> {
                        json.put("log", log.offset());
                        yield log.bytes();
                    }
                    case Upload upload -> {
                        json.putObject("upload")
                                .put("file", upload.file())
                                .put("type", upload.type())
                                .put("format", upload.format())
                                .put("expire_in", upload.expireIn())
                                .put("filename", upload.filename())
                                .put("size", upload.size());
                        yield new byte[0];
                    }
                    case Download(long file, long jobId) -> {
                        json.put("download", jobId).put("file", file);
                        yield new byte[0];
                    }
                };
        byte[] head = Wire.bytes(json);
        byte[] whole = Arrays.copyOf(head, head.length + 1 + body.length);
        whole[head.length] = '\n';
        System.arraycopy(body, 0, whole, head.length + 1, body.length);
        return whole;
    }

    /**
     * Reads {@link #encoded}.
     *
     * @throws IOException if it is none
     */
    static RelayMessage read(byte[] whole) throws IOException {
        int end = 0;
        while (end < whole.length && whole[end] != '\n') {
            end++;
        }
        JsonNode json = Wire.tree(Arrays.copyOf(whole, end));
        if (json.has("log")) {
            return new Log(
                    json.path("log").asLong(),
                    Arrays.copyOfRange(whole, Math.min(end + 1, whole.length), whole.length));
        }
        JsonNode upload = json.path("upload");
        if (upload.isObject()) {
            return new Upload(
                    upload.path("file").asLong(),
                    upload.path("type").asText(),
                    upload.path("format").asText(),
                    upload.path("expire_in").asText(),
                    upload.path("filename").asText(),
                    upload.path("size").asLong());
        }
        if (json.has("download")) {
            return new Download(json.path("file").asLong(), json.path("download").asLong());
        }
        throw new IOException("an agent's message that this version does not know: " + json);
    }

    /**
     * The manager's answer to one that wants it.
     *
     * @param status GitLab's; 0 if GitLab could not be asked
     * @param correlationId what the operator searches for in GitLab's logs
     * @param message of a refusal
     * @param size of what was downloaded
     */
    record Answer(int status, String correlationId, String message, long size) {
        /** As it is stored. */
        public byte[] json() {
            return Wire.bytes(
                    Wire.mapper()
                            .createObjectNode()
                            .put("status", status)
                            .put("correlation_id", correlationId)
                            .put("message", message)
                            .put("size", size));
        }

        /** Reads {@link #json}. */
        public static Answer read(byte[] bytes) throws IOException {
            JsonNode json = Wire.tree(bytes);
            return new Answer(
                    json.path("status").asInt(),
                    json.path("correlation_id").asText(),
                    json.path("message").asText(),
                    json.path("size").asLong());
        }
    }
}
