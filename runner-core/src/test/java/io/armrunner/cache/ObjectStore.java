package io.armrunner.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
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
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * An object store that signs with a word nobody must see, takes only what was signed, and fails
 * when it is told to.
 */
final class ObjectStore implements RemoteCache, AutoCloseable {
    private static final Integer FINE = -1;
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
    private final Map<Integer, byte[]> parts = new ConcurrentSkipListMap<>();
    private volatile Limits limits = Limits.NONE;
    private final Queue<Integer> failures = new ConcurrentLinkedQueue<>();
    private final List<String> calls = Collections.synchronizedList(new ArrayList<>());
    private final AtomicBoolean behind = new AtomicBoolean();
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

    /** The same, after some answers that are as they should be. */
    void failAfter(int fine, Integer... statuses) {
        for (int i = 0; i < fine; i++) {
            failures.add(FINE);
        }
        fail(statuses);
    }

    /** What objects that are stored from now on say. */
    void lastModified(String text) {
        lastModified = text;
    }

    /** Takes larger objects in parts only. */
    void limits(long largestPut, long part) {
        limits = new Limits(largestPut, part);
    }

    @Override
    public Limits limits() {
        return limits;
    }

    @Override
    public Request sign(PartStep step, String object, String cacheKey, Duration until) {
        String query =
                switch (step) {
                    case PartStep.Begin _ -> "uploads";
                    case PartStep.Part(String upload, int number) ->
                            "uploadId=" + upload + "&partNumber=" + number;
                    case PartStep.Complete(String upload) -> "complete&uploadId=" + upload;
                    case PartStep.GiveUp(String upload) -> "uploadId=" + upload;
                };
        Request plain = sign(Operation.GET, object, cacheKey, until);
        return new Request(URI.create(plain.uri() + "&" + query), Map.of());
    }

    /** The parts that lie here and are no object. */
    int parts() {
        return parts.size();
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
            Integer next = failures.poll();
            Integer failure = FINE.equals(next) ? null : next;
            if (failure != null && failure == 0) {
                return;
            }
            if (failure != null) {
                answer(
                        exchange,
                        failure,
                        "<Error><Code>Told</Code><Message>as told</Message></Error>"
                                .getBytes(UTF_8));
            } else if (exchange.getRequestURI().getQuery().startsWith(SIGNATURE + "&")) {
                part(
                        exchange,
                        exchange.getRequestURI().getQuery().substring(SIGNATURE.length() + 1),
                        body);
            } else if (!SIGNATURE.equals(exchange.getRequestURI().getQuery())) {
                answer(exchange, 403, new byte[0]);
            } else if (method.equals("PUT")) {
                put(exchange, object, body);
            } else {
                give(exchange, objects.get(object));
            }
        }
    }

    private void part(HttpExchange exchange, String query, byte[] body) throws IOException {
        switch (exchange.getRequestMethod()) {
            case "PUT" -> {
                int number = Integer.parseInt(query.substring(query.indexOf("partNumber=") + 11));
                parts.put(number, body);
                exchange.getResponseHeaders().set("ETag", "\"part " + number + "\"");
                answer(exchange, 200, new byte[0]);
            }
            case "DELETE" -> {
                parts.clear();
                answer(exchange, 204, new byte[0]);
            }
            default -> {
                if (query.equals("uploads")) {
                    answer(exchange, 200, "<X><UploadId>u1</UploadId></X>".getBytes(UTF_8));
                } else {
                    complete(exchange, new String(body, UTF_8));
                }
            }
        }
    }

    private void complete(HttpExchange exchange, String list) throws IOException {
        if (behind.getAndSet(false)) {
            answer(
                    exchange,
                    200,
                    "<Error><Code>InternalError</Code><Message>again</Message></Error>"
                            .getBytes(UTF_8));
            return;
        }
        StringBuilder wanted = new StringBuilder("<CompleteMultipartUpload>");
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        parts.forEach((number, bytes) -> {
            wanted.append(
                    "<Part><PartNumber>%d</PartNumber><ETag>&quot;part %d&quot;</ETag></Part>"
                            .formatted(number, number));
            whole.writeBytes(bytes);
        });
        boolean right = list.equals(wanted + "</CompleteMultipartUpload>");
        if (right) {
            objects.put(
                    exchange.getRequestURI().getPath(),
                    new Stored(whole.toByteArray(), lastModified));
            parts.clear();
        }
        answer(exchange, right ? 200 : 400, "<X><ETag>&quot;all&quot;</ETag></X>".getBytes(UTF_8));
    }

    /** The next completion of an upload in parts fails behind its 200. */
    void failBehindTheAnswer() {
        behind.set(true);
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
