package io.armrunner.protocol;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.http.HttpReply;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.util.StringJoiner;

/** What a refused call says of its cause, for the service's log (runner-protocol §1.7). */
final class ErrorBody {
    private static final int LIMIT = 4096;

    private ErrorBody() {}

    /** The message of a reply; its status when there is none. Reads the body. */
    static String read(HttpReply reply) {
        String status = "status " + reply.status();
        if (!isJson(reply)) {
            return status;
        }
        try {
            JsonNode message = Wire.tree(reply.body(LIMIT)).path("message");
            if (message.isTextual()) {
                return message.textValue();
            }
            return message.isObject() ? pairs(message) : status;
        } catch (JsonProcessingException e) {
            return status + ", broken JSON";
        } catch (IOException e) {
            return status + ", unreadable: " + e.getMessage();
        }
    }

    static boolean isJson(HttpReply reply) {
        String type = reply.header("Content-Type").orElse("");
        int semicolon = type.indexOf(';');
        return (semicolon < 0 ? type : type.substring(0, semicolon))
                .strip()
                .equalsIgnoreCase("application/json");
    }

    private static String pairs(JsonNode message) {
        StringJoiner all = new StringJoiner("; ");
        message.properties()
                .forEach(entry -> {
                    StringJoiner values = new StringJoiner(", ");
                    entry.getValue().forEach(value -> values.add(value.asText()));
                    all.add(entry.getKey() + ": " + values);
                });
        return all.toString();
    }
}
