package io.armrunner.coordinator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.armrunner.http.Exchange;
import io.armrunner.spec.Wire;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** One API call on its way to its answer. Used by the handler's thread only. */
final class Call {
    private final FaultyExchange exchange;
    private final Route route;
    private JsonNode json = MissingNode.getInstance();
    private String text = "";

    Call(FaultyExchange exchange, Route route) {
        this.exchange = exchange;
        this.route = route;
    }

    /** This call, known to be for another endpoint. */
    Call as(Endpoint endpoint) {
        Call other = new Call(exchange, route.as(endpoint));
        other.json = json;
        other.text = text;
        return other;
    }

    Exchange exchange() {
        return exchange;
    }

    Route route() {
        return route;
    }

    /** The path with its method, for messages. */
    String what() {
        return exchange.method() + " " + exchange.path();
    }

    /**
     * Reads a JSON object of at most {@code limit} bytes as the body; a refusal when it is none.
     */
    Optional<Reply> readJson(int limit) throws IOException {
        Optional<byte[]> bytes = read(exchange, limit);
        if (bytes.isEmpty()) {
            return Optional.of(Reply.refused(413, "the body has more than " + limit + " bytes"));
        }
        text = new String(bytes.get(), StandardCharsets.UTF_8);
        if (bytes.get().length == 0) {
            return Optional.empty();
        }
        try {
            JsonNode tree = Wire.tree(bytes.get());
            if (!tree.isObject()) {
                return Optional.of(Reply.invalid("the body is no JSON object"));
            }
            json = tree;
            return Optional.empty();
        } catch (JsonProcessingException e) {
            return Optional.of(Reply.invalid("the body is no JSON"));
        }
    }

    /** The body read by {@link #readJson}; missing when there was none. */
    JsonNode json() {
        return json;
    }

    /** The body as text, as read by {@link #readJson}. */
    String text() {
        return text;
    }

    /** A field of the body as text; empty when it is absent or no text. */
    String field(String name) {
        return json.path(name).asText("");
    }

    /** Whether the body is declared as JSON. */
    boolean isJson() {
        return contentType().equals("application/json");
    }

    /** The content type without its parameters, in lower case. */
    String contentType() {
        String type = exchange.header("content-type").orElse("");
        int end = type.indexOf(';');
        return (end < 0 ? type : type.substring(0, end)).strip().toLowerCase(java.util.Locale.ROOT);
    }

    /** The body, unless it has more than {@code limit} bytes. */
    static Optional<byte[]> read(Exchange exchange, int limit) throws IOException {
        if (declaredLength(exchange) > limit) {
            return Optional.empty();
        }
        var bytes = new ByteArrayOutputStream();
        byte[] piece = new byte[8192];
        InputStream body = exchange.body();
        for (int read = body.read(piece); read >= 0; read = body.read(piece)) {
            if (bytes.size() + read > limit) {
                return Optional.empty();
            }
            bytes.write(piece, 0, read);
        }
        return Optional.of(bytes.toByteArray());
    }

    /** {@code Content-Length}; -1 when there is none. */
    static long declaredLength(Exchange exchange) {
        try {
            return Long.parseLong(exchange.header("content-length").orElse("-1"));
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
