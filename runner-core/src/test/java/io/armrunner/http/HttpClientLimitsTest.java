package io.armrunner.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The limits of calls, much shorter than GitLab Runner's. */
@Timeout(120)
class HttpClientLimitsTest {
    /** More than a test may take. */
    private static final Duration FOR_EVER = Duration.ofHours(1);

    private final EventLoops loops = EventLoops.open(1);

    @AfterEach
    void close() {
        loops.close();
    }

    private HttpServer serve(HttpHandler handler) throws IOException {
        return HttpServer.start(
                loops, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), handler);
    }

    private HttpClient client(Duration responseHeader, Duration call) {
        return HttpClient.open(
                loops,
                new ClientSettings(
                        Duration.ofSeconds(60),
                        Duration.ofSeconds(60),
                        responseHeader,
                        call,
                        Duration.ofMinutes(15),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Map.of()));
    }

    private static HttpRequest post(HttpServer server) {
        return HttpRequest.of("POST", URI.create("http://127.0.0.1:" + server.port() + "/"));
    }

    private static void pause(Duration time) throws InterruptedException {
        assertThat(new CountDownLatch(1).await(time.toMillis(), TimeUnit.MILLISECONDS)).isFalse();
    }

    private static HttpHandler holding(Duration time) {
        return exchange -> {
            pause(time);
            exchange.reply(204, Map.of(), new byte[0]);
        };
    }

    @Test
    @Tag("RP-33")
    void aHeldRequestIsNotCutOff() throws Exception {
        assertThat(ClientSettings.DEFAULTS.responseHeader()).isEqualTo(Duration.ofMinutes(10));
        assertThat(ClientSettings.DEFAULTS.call()).isEqualTo(Duration.ofMinutes(60));
        // 30 times as fast: 10 min are 20 s, and a poll of 55 s is 1.84 s.
        try (HttpServer server = serve(holding(Duration.ofMillis(1840)));
                HttpClient client = client(Duration.ofSeconds(20), Duration.ofMinutes(2));
                HttpReply reply = client.send(post(server))) {
            assertThat(reply.status()).isEqualTo(204);
        }
    }

    @Test
    void aServerThatThinksTooLongIsGivenUp() throws Exception {
        try (HttpServer server = serve(holding(FOR_EVER));
                HttpClient client = client(Duration.ofSeconds(1), FOR_EVER)) {
            assertThatThrownBy(() -> client.send(post(server))).isInstanceOf(IOException.class);
        }
    }

    @Test
    void theLimitOfACallHoldsForTheBodyToo() throws Exception {
        HttpHandler dripping =
                exchange -> {
                    try (OutputStream out = exchange.replyStream(200, Map.of())) {
                        while (true) {
                            out.write('x');
                            out.flush();
                            pause(Duration.ofMillis(100));
                        }
                    }
                };
        try (HttpServer server = serve(dripping);
                HttpClient client = client(FOR_EVER, FOR_EVER);
                // Long enough for the headers on a machine that is out of breath.
                HttpReply reply = client.send(post(server), Duration.ofSeconds(5))) {
            assertThatThrownBy(() -> reply.body(1 << 20))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("whole call");
        }
    }

    @Test
    void namesAreLookedUpByTheSystem() throws Exception {
        try (HttpServer server = serve(holding(Duration.ofMillis(1)));
                HttpClient client = client(Duration.ofSeconds(60), Duration.ofSeconds(60))) {
            URI local = URI.create("http://localhost:" + server.port() + "/");
            try (HttpReply reply = client.send(HttpRequest.of("GET", local))) {
                assertThat(reply.status()).isEqualTo(204);
            }
            URI nowhere = URI.create("http://no.invalid/");
            assertThatThrownBy(() -> client.send(HttpRequest.of("GET", nowhere)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("no.invalid");
        }
    }

    @Test
    void plainHttpAsksAProxyForTheWholeAddressAndKeepsTheConnection() throws Exception {
        HttpHandler proxy =
                exchange -> {
                    String seen =
                            exchange.header("host").orElse("")
                                    + " "
                                    + exchange.header("proxy-authorization").orElse("")
                                    + " "
                                    + exchange.path()
                                    + "?"
                                    + exchange.rawQuery();
                    exchange.reply(200, Map.of(), seen.getBytes(UTF_8));
                };
        try (HttpServer server = serve(proxy)) {
            Map<String, String> environment =
                    Map.of("HTTP_PROXY", "http://u:p@127.0.0.1:" + server.port());
            try (HttpClient client =
                    HttpClient.open(loops, ClientSettings.DEFAULTS.withEnvironment(environment))) {
                URI target = URI.create("http://gitlab.example:8080/a?b=c");
                for (int i = 0; i < 8; i++) {
                    try (HttpReply reply = client.send(HttpRequest.of("GET", target))) {
                        assertThat(new String(reply.body(200), UTF_8))
                                .isEqualTo(
                                        "gitlab.example:8080 Basic dTpw http://gitlab.example:8080/a?b=c");
                    }
                }
                // A connection may come back a moment after its reply.
                assertThat(server.openConnections()).isLessThanOrEqualTo(2);
            }
        }
    }
}
