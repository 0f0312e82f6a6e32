package io.armrunner.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class HttpClientTest {
    private static final byte[] NOTHING = new byte[0];

    private final EventLoops loops = EventLoops.open(1);
    private final HttpClient client = HttpClient.open(loops, ClientSettings.DEFAULTS);

    @AfterEach
    void close() {
        client.close();
        loops.close();
    }

    private HttpServer serve(HttpHandler handler) throws IOException {
        return HttpServer.start(
                loops, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), handler);
    }

    private static URI uri(HttpServer server, String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    private static void echo(Exchange exchange) throws IOException {
        String text =
                exchange.method()
                        + " "
                        + new String(exchange.body(100), UTF_8)
                        + " "
                        + exchange.header("job-token");
        exchange.reply(200, Map.of(), text.getBytes(UTF_8));
    }

    @Test
    void statusHeadersAndBodyOfAReplyAreReturned() throws IOException, InterruptedException {
        try (HttpServer server = serve(HttpClientTest::echo);
                HttpReply reply =
                        client.send(
                                HttpRequest.of("PATCH", uri(server, "/"))
                                        .with("hello".getBytes(UTF_8), 4))) {
            assertThat(reply.status()).isEqualTo(200);
            assertThat(new String(reply.body(100), UTF_8)).isEqualTo("PATCH hell Optional.empty");
        }
    }

    @Test
    void aDeleteWithABodyArrivesWithIt() throws IOException, InterruptedException {
        try (HttpServer server = serve(HttpClientTest::echo);
                HttpReply reply =
                        client.send(
                                HttpRequest.of("DELETE", uri(server, "/"))
                                        .with("x".getBytes(UTF_8)))) {
            assertThat(new String(reply.body(100), UTF_8)).startsWith("DELETE x");
        }
    }

    @Test
    @Tag("RP-19")
    void a307KeepsMethodBodyAndTokenOnTheSameServer() throws IOException, InterruptedException {
        HttpHandler handler =
                exchange -> {
                    if (exchange.path().equals("/old")) {
                        exchange.reply(307, Map.of("Location", "/new"), NOTHING);
                    } else {
                        echo(exchange);
                    }
                };
        try (HttpServer server = serve(handler)) {
            for (HttpRequest request :
                    new HttpRequest[] {
                        HttpRequest.of("POST", uri(server, "/old")).with("body".getBytes(UTF_8)),
                        HttpRequest.of("POST", uri(server, "/old"))
                                .with(out -> out.write("body".getBytes(UTF_8)))
                    }) {
                try (HttpReply reply = client.send(request.with("JOB-TOKEN", "t"))) {
                    assertThat(new String(reply.body(100), UTF_8))
                            .isEqualTo("POST body Optional[t]");
                }
            }
        }
    }

    @Test
    void aTokenIsNotSentToAnotherPortAnd302TurnsIntoGet() throws IOException, InterruptedException {
        try (HttpServer storage = serve(HttpClientTest::echo);
                HttpServer server =
                        serve(e ->
                                e.reply(
                                        302,
                                        Map.of("Location", uri(storage, "/x").toString()),
                                        NOTHING));
                HttpReply reply =
                        client.send(
                                HttpRequest.of("POST", uri(server, "/"))
                                        .with("b".getBytes(UTF_8))
                                        .with("JOB-TOKEN", "t"))) {
            assertThat(new String(reply.body(100), UTF_8)).isEqualTo("GET  Optional.empty");
        }
    }

    @Test
    void redirectsWithoutEndAreGivenUp() throws IOException, InterruptedException {
        try (HttpServer server = serve(e -> e.reply(308, Map.of("Location", "/"), NOTHING))) {
            assertThatThrownBy(() -> client.send(HttpRequest.of("GET", uri(server, "/"))))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("more than 10");
            try (HttpReply reply =
                    client.send(HttpRequest.of("GET", uri(server, "/")).withoutFollowing())) {
                assertThat(reply.status()).isEqualTo(308);
            }
        }
    }

    @Test
    void aProducedBodyOfManyMegabytesIsStreamed() throws IOException, InterruptedException {
        int pieces = 512;
        byte[] piece = new byte[1 << 16];
        HttpHandler count =
                exchange -> {
                    long size = exchange.body().transferTo(OutputStream.nullOutputStream());
                    exchange.reply(201, Map.of(), Long.toString(size).getBytes(UTF_8));
                };
        try (HttpServer server = serve(count);
                HttpReply reply =
                        client.send(
                                HttpRequest.of("POST", uri(server, "/"))
                                        .with(out -> {
                                            for (int i = 0; i < pieces; i++) {
                                                out.write(piece);
                                            }
                                        }))) {
            assertThat(new String(reply.body(100), UTF_8))
                    .isEqualTo(Long.toString((long) pieces * piece.length));
        }
    }

    /**
     * What is written waits in a bounded place while nobody reads; the rest waits in the writer.
     */
    @Test
    void aServerThatDoesNotReadHoldsTheWriterBack() throws Exception {
        AtomicLong written = new AtomicLong();
        byte[] piece = new byte[1 << 16];
        try (ServerSocket listener = new ServerSocket()) {
            listener.setReceiveBufferSize(1 << 16);
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            URI target = URI.create("http://127.0.0.1:" + listener.getLocalPort() + "/");
            HttpRequest upload =
                    HttpRequest.of("POST", target)
                            .with(out -> {
                                while (true) {
                                    out.write(piece);
                                    written.addAndGet(piece.length);
                                }
                            });
            CompletableFuture<Throwable> failure = new CompletableFuture<>();
            Thread sender =
                    Thread.ofVirtual()
                            .start(() -> {
                                try (HttpReply reply = client.send(upload)) {
                                    failure.complete(new AssertionError("" + reply.status()));
                                } catch (IOException | InterruptedException e) {
                                    failure.complete(e);
                                }
                            });
            try (Socket socket = listener.accept()) {
                AtomicLong before = new AtomicLong(-1);
                await().pollInterval(Duration.ofMillis(300))
                        .atMost(Duration.ofSeconds(60))
                        .until(() -> {
                            long now = written.get();
                            return now > 0 && before.getAndSet(now) == now;
                        });
                // A megabyte of ours and what the system takes for a socket, four at most.
                assertThat(written.get()).isLessThan(7L << 20);
                assertThat(socket.getInputStream().read()).isEqualTo('P');
            }
            assertThat(failure.get(60, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
            assertThat(sender.join(Duration.ofSeconds(60))).isTrue();
        }
    }

    @Test
    @Tag("RP-94")
    void anEarly413IsDeliveredAsAnAnswer() throws IOException, InterruptedException {
        try (ServerSocket listener = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            Thread server = Thread.ofVirtual().start(() -> refuse(listener, 20));
            for (int i = 0; i < 20; i++) {
                URI target = URI.create("http://127.0.0.1:" + listener.getLocalPort() + "/");
                HttpRequest upload = HttpRequest.of("POST", target).with(HttpClientTest::writeMuch);
                try (HttpReply reply = client.send(upload)) {
                    assertThat(reply.status()).isEqualTo(413);
                    assertThat(new String(reply.body(100), UTF_8)).isEqualTo("big");
                }
            }
            assertThat(server.join(Duration.ofSeconds(60))).isTrue();
        }
    }

    private static void writeMuch(OutputStream out) throws IOException {
        byte[] piece = new byte[1 << 16];
        for (int i = 0; i < 2000; i++) {
            out.write(piece);
        }
    }

    private static void refuse(ServerSocket listener, int times) {
        for (int i = 0; i < times; i++) {
            try (Socket socket = listener.accept()) {
                assertThat(socket.getInputStream().read(new byte[4096])).isPositive();
                socket.getOutputStream()
                        .write(
                                "HTTP/1.1 413 No\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig"
                                        .getBytes(UTF_8));
            } catch (IOException e) {
                assertThat(e).isNotNull();
            }
        }
    }

    @Test
    @Tag("RP-17")
    void aResetIsAnErrorAfterOneAttempt() throws IOException, InterruptedException {
        var attempts = new java.util.concurrent.atomic.AtomicInteger();
        HttpHandler breaking =
                exchange -> {
                    attempts.incrementAndGet();
                    exchange.abort();
                };
        try (HttpServer server = serve(breaking)) {
            assertThatThrownBy(() -> client.send(HttpRequest.of("GET", uri(server, "/"))))
                    .isInstanceOf(IOException.class);
            assertThat(attempts).hasValue(1);
        }
    }

    @Test
    void anInterruptEndsAHeldCallAtOnce()
            throws java.util.concurrent.ExecutionException,
                    java.util.concurrent.TimeoutException,
                    IOException,
                    InterruptedException {
        var arrived = new CountDownLatch(1);
        var ended = new CompletableFuture<String>();
        HttpHandler holding =
                exchange -> {
                    arrived.countDown();
                    new CountDownLatch(1).await();
                };
        try (HttpServer server = serve(holding)) {
            Thread caller =
                    Thread.ofVirtual()
                            .start(() -> {
                                try (HttpReply reply =
                                        client.send(HttpRequest.of("GET", uri(server, "/")))) {
                                    ended.complete("reply " + reply.status());
                                } catch (InterruptedException e) {
                                    ended.complete("interrupted");
                                } catch (IOException e) {
                                    ended.complete(e.toString());
                                }
                            });
            assertThat(arrived.await(60, TimeUnit.SECONDS)).isTrue();
            caller.interrupt();
            assertThat(ended.get(60, TimeUnit.SECONDS)).isEqualTo("interrupted");
        }
    }

    @Test
    void proxiesFollowTheEnvironment() {
        Map<String, String> env =
                Map.of("HTTPS_PROXY", "proxy:3128", "no_proxy", ".in.example, other.example:443");
        assertThat(Proxies.proxyFor(URI.create("https://gitlab.example/"), env))
                .contains(URI.create("http://proxy:3128"));
        assertThat(Proxies.proxyFor(URI.create("http://gitlab.example/"), env)).isEmpty();
        assertThat(Proxies.proxyFor(URI.create("https://a.in.example/"), env)).isEmpty();
        assertThat(Proxies.proxyFor(URI.create("https://other.example/"), env)).isEmpty();
        assertThat(Proxies.proxyFor(URI.create("https://other.example:8443/"), env)).isPresent();
    }
}
