package io.armrunner.codebuild.secrets;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.codebuild.aws.Signature4;
import io.armrunner.http.HttpClient;
import io.armrunner.http.HttpReply;
import io.armrunner.http.HttpRequest;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Two of AWS's protocols, as far as reading a secret takes them. Thread-safe. */
final class AwsCalls {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final int TRIES = 3;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(300);

    // A secret has at most 64 KiB, and becomes longer when it is written as JSON.
    private static final int MOST_BYTES = 1 << 20;

    private static final List<String> PASSING =
            List.of("ThrottlingException", "Throttling", "RequestLimitExceeded", "InternalFailure");

    /** AWS understood and says no. */
    static final class Refusal extends IOException {
        private static final long serialVersionUID = 1L;
        private final String code;

        Refusal(String code, String message) {
            super(code + ", " + message);
            this.code = code;
        }

        String code() {
            return code;
        }
    }

    private final HttpClient http;
    private final Optional<URI> endpoint;
    private final InstantSource clock;

    /**
     * @param endpoint instead of AWS's own addresses
     */
    AwsCalls(HttpClient http, Optional<URI> endpoint, InstantSource clock) {
        this.http = http;
        this.endpoint = endpoint;
        this.clock = clock;
    }

    /**
     * A signed call of the JSON protocol.
     *
     * @return the body of the answer
     */
    byte[] json(Signature4.Keys keys, Signature4.Scope scope, String target, byte[] body)
            throws IOException, InterruptedException {
        Map<String, String> headers =
                Map.of("content-type", "application/x-amz-json-1.1", "x-amz-target", target);
        return tries(() -> {
            URI uri = address(scope);
            Map<String, String> all = new HashMap<>(headers);
            all.putAll(
                    Signature4.headers(keys, scope, "POST", uri, headers, body, clock.instant()));
            return request(uri, all, body);
        });
    }

    /**
     * An unsigned call of the older protocol.
     *
     * @return the answer, which is XML
     */
    String form(Signature4.Scope scope, String body) throws IOException, InterruptedException {
        return new String(
                tries(() ->
                        request(
                                address(scope),
                                Map.of(
                                        "content-type",
                                        "application/x-www-form-urlencoded; charset=utf-8"),
                                body.getBytes(UTF_8))),
                UTF_8);
    }

    private URI address(Signature4.Scope scope) {
        if (endpoint.isPresent()) {
            return endpoint.get().resolve("/");
        }
        return URI.create(
                "https://%s.%s.%s/"
                        .formatted(
                                scope.service(),
                                scope.region(),
                                scope.region().startsWith("cn-")
                                        ? "amazonaws.com.cn"
                                        : "amazonaws.com"));
    }

    private static HttpRequest request(URI uri, Map<String, String> headers, byte[] body) {
        HttpRequest request = HttpRequest.of("POST", uri).withoutFollowing();
        for (Map.Entry<String, String> header : headers.entrySet()) {
            request = request.with(header.getKey(), header.getValue());
        }
        return request.with(body);
    }

    /** Makes a request anew for each try, as its signature has the time in it. */
    @FunctionalInterface
    private interface Maker {
        HttpRequest make();
    }

    private byte[] tries(Maker maker) throws IOException, InterruptedException {
        Duration pause = FIRST_PAUSE;
        for (int attempt = 1; ; attempt++) {
            try (HttpReply reply = http.send(maker.make(), LIMIT)) {
                byte[] body = reply.body(MOST_BYTES);
                if (reply.status() == 200) {
                    return body;
                }
                Refusal refusal = refusal(reply.status(), new String(body, UTF_8));
                boolean passing = reply.status() >= 500 || PASSING.contains(refusal.code());
                if (!passing || attempt == TRIES) {
                    throw refusal;
                }
            }
            Thread.sleep(pause);
            pause = pause.multipliedBy(2);
        }
    }

    private static Refusal refusal(int status, String body) {
        String code = element(body, "Code");
        String message = element(body, "Message");
        if (code.isEmpty()) {
            try {
                JsonNode json = Wire.tree(body.getBytes(UTF_8));
                code = json.path("__type").asText("");
                message = json.path("message").asText(json.path("Message").asText(""));
            } catch (JsonProcessingException _) {
                // Neither of the two protocols: the status has to do.
            }
        }
        return new Refusal(
                code.isEmpty() ? "status " + status : code.substring(code.indexOf('#') + 1),
                message.isEmpty() ? "without a text" : message);
    }

    /** The text of an element that has no others in it; empty if there is none. */
    static String element(String xml, String name) {
        int from = xml.indexOf("<" + name + ">");
        int to = xml.indexOf("</" + name + ">");
        return from < 0 || to < from ? "" : xml.substring(from + name.length() + 2, to);
    }
}
