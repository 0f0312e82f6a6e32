package io.armrunner.coordinator;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * One request as the coordinator saw it.
 *
 * @param at when its head had arrived
 * @param took how long the answer took
 * @param endpoint what it was for
 * @param path the decoded path
 * @param rawQuery the query as sent
 * @param headers names in lower case; holds tokens, so never print it
 * @param body the body of a JSON call, when the settings ask to keep bodies; empty otherwise
 * @param status what was answered; {@link #NO_ANSWER} when the connection was cut
 */
public record RecordedRequest(
        Instant at,
        Duration took,
        Endpoint endpoint,
        String method,
        String path,
        String rawQuery,
        Map<String, String> headers,
        String body,
        int status) {
    /** The status of a request that got no answer. */
    public static final int NO_ANSWER = 0;

    public RecordedRequest {
        headers = Map.copyOf(headers);
    }

    /** A header, by its name in any case. */
    public Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name.toLowerCase(java.util.Locale.ROOT)));
    }

    @Override
    public String toString() {
        return at + " " + method + " " + path + " -> " + status;
    }
}
