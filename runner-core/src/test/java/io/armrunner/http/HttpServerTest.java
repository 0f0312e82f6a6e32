package io.armrunner.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class HttpServerTest {
    private static final byte[] NOTHING = new byte[0];

    private interface Talk {
        void with(Socket socket) throws Exception;
    }

    private static void serve(HttpHandler handler, Talk talk) throws Exception {
        try (EventLoops loops = EventLoops.open(1);
                HttpServer server =
                        HttpServer.start(
                                loops,
                                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                                handler);
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout((int) Duration.ofSeconds(60).toMillis());
            talk.with(socket);
        }
    }

    private static void say(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(UTF_8));
        socket.getOutputStream().flush();
    }

    /** Reads until {@code end} was seen. */
    private static String hear(Socket socket, String end) throws IOException {
        StringBuilder text = new StringBuilder();
        InputStream in = socket.getInputStream();
        while (text.indexOf(end) < 0) {
            int next = in.read();
            if (next < 0) {
                return text + "<EOF>";
            }
            text.append((char) next);
        }
        return text.toString();
    }

    @Test
    void twoRequestsOnOneConnectionAreAnsweredInTurn() throws Exception {
        serve(
                exchange -> {
                    String text =
                            exchange.method()
                                    + " "
                                    + exchange.path()
                                    + " "
                                    + exchange.query()
                                    + " "
                                    + new String(exchange.body(100), UTF_8);
                    exchange.reply(200, Map.of("X-A", "b"), text.getBytes(UTF_8));
                },
                socket -> {
                    say(
                            socket,
                            "POST /a%20b?x=1&x=2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
                    assertThat(hear(socket, "hi"))
                            .startsWith("HTTP/1.1 200")
                            .contains("POST /a b {x=2} hi");
                    say(
                            socket,
                            "PATCH /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nyo\r\n0\r\n\r\n");
                    assertThat(hear(socket, "yo"))
                            .startsWith("HTTP/1.1 200")
                            .contains("PATCH /c {} yo");
                });
    }

    @Test
    void headGetsTheLengthAndNoBody() throws Exception {
        serve(
                exchange -> exchange.reply(200, Map.of(), "body".getBytes(UTF_8)),
                socket -> {
                    say(socket, "HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
                    assertThat(hear(socket, "body"))
                            .containsIgnoringCase("content-length: 4")
                            .endsWith("\r\n\r\n<EOF>");
                });
    }

    @Test
    void headMayTellTheLengthOfABodyThatIsNotThere() throws Exception {
        serve(
                exchange -> exchange.reply(200, Map.of("content-length", "1234567"), NOTHING),
                socket -> {
                    // The second answer begins where the first one's headers end.
                    for (int i = 0; i < 2; i++) {
                        say(socket, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
                        assertThat(hear(socket, "\r\n\r\n"))
                                .startsWith("HTTP/1.1 200")
                                .containsIgnoringCase("content-length: 1234567")
                                .doesNotContainIgnoringCase("content-length: 0", "chunked");
                    }
                });
    }

    @Test
    void flushedPiecesArriveBeforeTheReplyEnds() throws Exception {
        serve(
                exchange -> {
                    try (OutputStream out = exchange.replyStream(200, Map.of())) {
                        out.write("first".getBytes(UTF_8));
                        out.flush();
                        out.write(exchange.body().read());
                    }
                },
                socket -> {
                    say(socket, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n");
                    assertThat(hear(socket, "first")).containsIgnoringCase("chunked");
                    say(socket, "!");
                    assertThat(hear(socket, "0\r\n\r\n")).contains("!");
                });
    }

    @Test
    void continueIsSaidWhenTheHandlerReads() throws Exception {
        serve(
                exchange -> exchange.reply(200, Map.of(), exchange.body(10)),
                socket -> {
                    say(
                            socket,
                            "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
                    assertThat(hear(socket, "\r\n\r\n")).startsWith("HTTP/1.1 100");
                    say(socket, "ok");
                    assertThat(hear(socket, "ok")).startsWith("HTTP/1.1 200");
                });
    }

    @Test
    void anUnansweredRequestIsAnsweredWith500() throws Exception {
        serve(
                _ -> {},
                socket -> {
                    say(socket, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
                    assertThat(hear(socket, "\r\n\r\n")).startsWith("HTTP/1.1 500");
                });
    }

    @Test
    void abortBreaksTheConnectionOff() throws Exception {
        serve(
                Exchange::abort,
                socket -> {
                    say(socket, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
                    String heard;
                    try {
                        heard = hear(socket, "HTTP");
                    } catch (IOException e) {
                        heard = "reset";
                    }
                    assertThat(heard).isIn("reset", "<EOF>");
                });
    }

    @Test
    void aBodyOfManyMegabytesIsStreamedBothWays() throws Exception {
        int size = 64 << 20;
        serve(
                exchange -> {
                    try (OutputStream out = exchange.replyStream(200, Map.of())) {
                        exchange.body().transferTo(out);
                    }
                },
                socket -> {
                    say(
                            socket,
                            "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: "
                                    + size
                                    + "\r\n\r\n");
                    Thread sender =
                            Thread.startVirtualThread(() -> {
                                try {
                                    byte[] piece = new byte[1 << 16];
                                    for (int sent = 0; sent < size; sent += piece.length) {
                                        socket.getOutputStream().write(piece);
                                    }
                                } catch (IOException e) {
                                    throw new java.io.UncheckedIOException(e);
                                }
                            });
                    long got = socket.getInputStream().transferTo(OutputStream.nullOutputStream());
                    sender.join(Duration.ofSeconds(60));
                    assertThat(got).isGreaterThan(size);
                });
    }

    @Test
    void aHandlerSeesThatTheClientIsGone() throws Exception {
        var seen = new java.util.concurrent.CompletableFuture<String>();
        serve(
                exchange -> {
                    try {
                        exchange.body().readAllBytes();
                        seen.complete("whole");
                    } catch (IOException e) {
                        seen.complete("broken");
                    }
                    exchange.reply(200, Map.of(), NOTHING);
                },
                socket -> {
                    say(socket, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
                    socket.close();
                    assertThat(seen.get(60, java.util.concurrent.TimeUnit.SECONDS))
                            .isEqualTo("broken");
                });
    }
}
