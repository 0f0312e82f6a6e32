package io.armrunner.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * An object store that signs with a word nobody must see, takes only what was signed, and fails
 * when it is told to.
 */
final class ObjectStore implements RemoteCache, AutoCloseable {
    static final String SIGNATURE = "X-Signature=hush-hush";

    private static final class Stored {
        private final byte[] bytes;
        private final String lastModified;

        Stored(byte[] bytes, String lastModified) {
            this.bytes = bytes;
            this.lastModified = lastModified;
        }
    }

    private final HttpServer server;
    private final Map<String, Stored> objects = new ConcurrentHashMap<>();
    private final Queue<Integer> failures = new ConcurrentLinkedQueue<>();
    private final List<String> calls = Collections.synchronizedList(new ArrayList<>());
    private volatile String lastModified = "Sat, 21 Nov 2026 10:00:00 GMT";
    private volatile Duration validity = Duration.ZERO;

    ObjectStore() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::handle);
        server.start();
    }

    /** The next answers have these statuses; 0 breaks the connection. */
    void fail(Integer... statuses) {
        failures.addAll(List.of(statuses));
    }

    /** What objects that are stored from now on say. */
    void lastModified(String text) {
        lastModified = text;
    }

    /** {@code GET /name}, in order. */
    List<String> calls() {
        return List.copyOf(calls);
    }

    Duration validity() {
        return validity;
    }

    @Override
    public Request sign(Operation operation, String object, String cacheKey, Duration until) {
        validity = until;
        return new Request(
                URI.create(
                        "http://127.0.0.1:%d/%s?%s"
                                .formatted(server.getAddress().getPort(), object, SIGNATURE)),
                operation == Operation.PUT ? Map.of("x-meta-cachekey", cacheKey) : Map.of());
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String method = exchange.getRequestMethod();
            String object = exchange.getRequestURI().getPath();
            calls.add(method + " " + object);
            byte[] body = exchange.getRequestBody().readAllBytes();
            Integer failure = failures.poll();
            if (failure != null && failure == 0) {
                return;
            }
            if (failure != null) {
                answer(
                        exchange,
                        failure,
                        "<Error><Code>Told</Code><Message>as told</Message></Error>"
                                .getBytes(UTF_8));
            } else if (!SIGNATURE.equals(exchange.getRequestURI().getQuery())) {
                answer(exchange, 403, new byte[0]);
            } else if (method.equals("PUT")) {
                put(exchange, object, body);
            } else {
                give(exchange, objects.get(object));
            }
        }
    }

    private void put(HttpExchange exchange, String object, byte[] body) throws IOException {
        boolean complete =
                exchange.getRequestHeaders().containsKey("x-meta-cachekey")
                        && exchange.getRequestHeaders().containsKey("Last-Modified")
                        && String.valueOf(body.length)
                                .equals(exchange.getRequestHeaders().getFirst("Content-Length"));
        if (complete) {
            objects.put(object, new Stored(body, lastModified));
        }
        answer(exchange, complete ? 200 : 400, new byte[0]);
    }

    private static void give(HttpExchange exchange, @org.jspecify.annotations.Nullable Stored found)
            throws IOException {
        if (found == null) {
            answer(exchange, 404, new byte[0]);
        } else {
            exchange.getResponseHeaders().set("Last-Modified", found.lastModified);
            answer(exchange, 200, found.bytes);
        }
    }

    private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(status, head || body.length == 0 ? -1 : body.length);
        if (!head && body.length > 0) {
            exchange.getResponseBody().write(body);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
