package io.armrunner.coordinator;

import io.armrunner.http.EventLoops;
import io.armrunner.http.Exchange;
import io.armrunner.http.HttpHandler;
import io.armrunner.http.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The second host, where redirected downloads end: an object storage with signed addresses
 * (runner-protocol §7.7). It needs no token, and a runner that sends it one gave it away.
 */
final class Storage implements HttpHandler, AutoCloseable {
    private final Books books;
    private final Faults faults;
    private final Map<String, StoredArtifact> signed = new HashMap<>();
    private @Nullable HttpServer open;
    private String base = "";

    Storage(Books books, Faults faults) {
        this.books = books;
        this.faults = faults;
    }

    void open(EventLoops loops, String host) throws IOException {
        HttpServer opened = HttpServer.start(loops, new InetSocketAddress(host, 0), this);
        open = opened;
        base = "http://" + host + ":" + opened.port();
    }

    /** An address where the artifact can be had without a token. */
    String sign(StoredArtifact artifact) {
        String key =
                books.changing(() -> {
                    String fresh = books.hex(32);
                    signed.put(fresh, artifact);
                    return fresh;
                });
        return base + "/artifacts/" + key;
    }

    @Override
    public void handle(Exchange exchange) throws IOException, InterruptedException {
        Instant start = books.now();
        if (exchange.header("job-token").isPresent()
                || exchange.header("private-token").isPresent()) {
            books.violation(
                    "the storage host was sent a token: "
                            + exchange.method()
                            + " "
                            + exchange.path());
        }
        var answered = new FaultyExchange(exchange, Map.of(), books::goesOut);
        try {
            if (answered.begin(faults.next(Endpoint.STORAGE, OptionalLong.empty()))) {
                serve(answered);
            }
        } finally {
            answered.end();
            books.record(
                    answered.moment(),
                    new RecordedRequest(
                            start,
                            Duration.between(start, books.now()),
                            Endpoint.STORAGE,
                            exchange.method(),
                            exchange.path(),
                            exchange.rawQuery(),
                            exchange.headers(),
                            "",
                            answered.status()));
        }
    }

    private void serve(Exchange exchange) throws IOException {
        String key = exchange.path().substring(exchange.path().lastIndexOf('/') + 1);
        Optional<StoredArtifact> found = books.locked(() -> Optional.ofNullable(signed.get(key)));
        if (found.isEmpty() || !exchange.method().equals("GET")) {
            Reply.xml(403, "AccessDenied", "The address is not signed for this")
                    .send(exchange, Map.of());
            return;
        }
        FileReply.send(exchange, found.get(), Map.of());
    }

    @Override
    public void close() {
        if (open != null) {
            open.close();
            open = null;
        }
    }
}
