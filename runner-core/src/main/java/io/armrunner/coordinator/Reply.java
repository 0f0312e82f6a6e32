package io.armrunner.coordinator;

import io.armrunner.http.Exchange;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** A short answer: status, headers, body. */
record Reply(int status, Map<String, String> headers, String body) {
    private static final Map<Integer, String> NAMES =
            Map.ofEntries(
                    Map.entry(400, "Bad request"),
                    Map.entry(401, "Unauthorized"),
                    Map.entry(403, "Forbidden"),
                    Map.entry(404, "Not found"),
                    Map.entry(405, "Method not allowed"),
                    Map.entry(409, "Conflict"),
                    Map.entry(410, "Gone"),
                    Map.entry(413, "Request Entity Too Large"),
                    Map.entry(415, "Unsupported Media Type"),
                    Map.entry(416, "Range Not Satisfiable"),
                    Map.entry(500, "Internal Server Error"),
                    Map.entry(501, "Not implemented"));

    Reply {
        headers = Map.copyOf(headers);
    }

    /** An answer without a body. */
    static Reply empty(int status) {
        return new Reply(status, Map.of(), "");
    }

    static Reply json(int status, Object value) {
        return new Reply(
                status,
                Map.of("Content-Type", "application/json"),
                new String(Wire.bytes(value), StandardCharsets.UTF_8));
    }

    /** The status' number as the body, as GitLab answers a {@code PUT}. */
    static Reply number(int status) {
        return new Reply(
                status, Map.of("Content-Type", "application/json"), Integer.toString(status));
    }

    /** A refusal with its reason (runner-protocol §1.7). */
    static Reply refused(int status, String reason) {
        String name = NAMES.getOrDefault(status, "Error");
        return json(status, Map.of("message", status + " " + name + " - " + reason));
    }

    /** A refusal of a parameter. */
    static Reply invalid(String error) {
        return json(400, Map.of("error", error));
    }

    /** A refusal as object storages word it. */
    static Reply xml(int status, String code, String message) {
        String text = "<Error><Code>" + code + "</Code><Message>" + message + "</Message></Error>";
        return new Reply(status, Map.of("Content-Type", "application/xml"), text);
    }

    Reply with(String name, String value) {
        Map<String, String> more = new HashMap<>(headers);
        more.put(name, value);
        return new Reply(status, more, body);
    }

    void send(Exchange exchange, Map<String, String> additional) throws IOException {
        Map<String, String> all = new HashMap<>(additional);
        all.putAll(headers);
        exchange.reply(status, all, body.getBytes(StandardCharsets.UTF_8));
    }
}
