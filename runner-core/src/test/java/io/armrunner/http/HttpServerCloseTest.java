package io.armrunner.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class HttpServerCloseTest {
    /** More than a test may take: who waits for its end fails. */
    private static final Duration FOR_EVER = Duration.ofHours(1);

    private final EventLoops loops = EventLoops.open(1);

    @AfterEach
    void close() {
        loops.close();
    }

    private HttpServer start(HttpHandler handler, Duration grace) throws IOException {
        return HttpServer.start(
                loops, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), handler, grace);
    }

    private static Socket ask(HttpServer server) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout((int) Duration.ofSeconds(60).toMillis());
        socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: h\r\n\r\n".getBytes(UTF_8));
        return socket;
    }

    /** Reads until {@code end} was seen, or the connection is over. */
    private static String hear(Socket socket, String end) throws IOException {
        StringBuilder text = new StringBuilder();
        InputStream in = socket.getInputStream();
        for (int next = in.read(); next >= 0; next = in.read()) {
            text.append((char) next);
            if (text.indexOf(end) >= 0) {
                return text.toString();
            }
        }
        return text + "<EOF>";
    }

    @Test
    void idleConnectionsEndAtOnceAndNothingListensAnyMore() throws Exception {
        HttpServer server =
                start(exchange -> exchange.reply(200, Map.of(), "ok".getBytes(UTF_8)), FOR_EVER);
        try (Socket socket = ask(server)) {
            assertThat(hear(socket, "ok")).startsWith("HTTP/1.1 200");
            int port = server.port();
            server.close();
            assertThat(hear(socket, "HTTP")).isEqualTo("<EOF>");
            assertThat(server.openConnections()).isZero();
            assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port).close())
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void aRunningHandlerMayStillAnswer() throws Exception {
        var arrived = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        HttpServer server =
                start(
                        exchange -> {
                            arrived.countDown();
                            assertThat(go.await(60, TimeUnit.SECONDS)).isTrue();
                            exchange.reply(200, Map.of(), "done".getBytes(UTF_8));
                        },
                        FOR_EVER);
        int port = server.port();
        try (Socket socket = ask(server)) {
            assertThat(arrived.await(60, TimeUnit.SECONDS)).isTrue();
            Thread closer = Thread.ofVirtual().start(server::close);
            await().atMost(Duration.ofMinutes(1)).until(() -> isRefused(port));
            go.countDown();
            assertThat(hear(socket, "done")).startsWith("HTTP/1.1 200");
            assertThat(hear(socket, "HTTP")).isEqualTo("<EOF>");
            assertThat(closer.join(Duration.ofSeconds(60))).isTrue();
        }
    }

    private static boolean isRefused(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return !socket.isConnected();
        } catch (IOException e) {
            return true;
        }
    }

    @Test
    void aHandlerThatHoldsItsRequestIsInterruptedAndWaitedFor() throws Exception {
        var arrived = new CountDownLatch(1);
        var ended = new AtomicBoolean();
        HttpServer server =
                start(
                        exchange -> {
                            arrived.countDown();
                            try {
                                new CountDownLatch(1).await();
                            } finally {
                                ended.set(true);
                            }
                        },
                        Duration.ofMillis(100));
        try (Socket socket = ask(server)) {
            assertThat(socket.isConnected()).isTrue();
            assertThat(arrived.await(60, TimeUnit.SECONDS)).isTrue();
            server.close();
            assertThat(ended).isTrue();
            assertThat(server.openConnections()).isZero();
        }
    }
}
