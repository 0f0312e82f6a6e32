package io.armrunner.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/**
 * A small HTTP/1.1 server: each request is handled on a virtual thread of its own, in blocking
 * style.
 *
 * <p>Keep-alive, chunked bodies and {@code Expect: 100-continue} (answered when the handler first
 * reads) are the library's. Thread-safe; {@link #close} waits a little for the handlers, then
 * interrupts them.
 */
public final class HttpServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpServer.class);
    // Job tokens that are JWTs have some KB, and a git client may send several headers of that
    // size.
    private static final int MAX_HEADERS = 64 * 1024;
    // A handler that answers at once is let finish; one that holds a request is interrupted.
    private static final Duration GRACE = Duration.ofSeconds(2);

    private final HttpHandler handler;
    private final Set<Thread> handlers = ConcurrentHashMap.newKeySet();
    private final AtomicReference<@Nullable DisposableServer> bound = new AtomicReference<>();

    private HttpServer(HttpHandler handler) {
        this.handler = handler;
    }

    /**
     * Starts a server.
     *
     * @param address where to listen; port 0 takes a free one
     * @throws IOException when the address cannot be bound
     */
    public static HttpServer start(EventLoops loops, InetSocketAddress address, HttpHandler handler)
            throws IOException {
        HttpServer server = new HttpServer(handler);
        try {
            server.bound.set(
                    reactor.netty.http.server.HttpServer.create()
                            .bindAddress(() -> address)
                            .runOn(loops.resources())
                            .httpRequestDecoder(spec ->
                                    spec.maxInitialLineLength(MAX_HEADERS)
                                            .maxHeaderSize(MAX_HEADERS))
                            .handle(server::serve)
                            .bindNow());
        } catch (RuntimeException e) {
            throw new IOException("cannot listen on %s: %s".formatted(address, e.getMessage()), e);
        }
        return server;
    }

    /** The port that the server listens on. */
    public int port() {
        DisposableServer server = bound.get();
        if (server == null) {
            throw new IllegalStateException("the server is closed");
        }
        return server.port();
    }

    @Override
    public void close() {
        DisposableServer server = bound.getAndSet(null);
        if (server == null) {
            return;
        }
        server.dispose();
        long deadline = System.nanoTime() + GRACE.toNanos();
        boolean interrupted = false;
        for (Thread thread : handlers) {
            interrupted |= joinUntil(thread, deadline);
        }
        handlers.forEach(Thread::interrupt);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean joinUntil(Thread thread, long deadline) {
        try {
            thread.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
            return false;
        } catch (InterruptedException e) {
            thread.interrupt();
            return true;
        }
    }

    private Mono<Void> serve(HttpServerRequest request, HttpServerResponse response) {
        return Mono.create(sink ->
                response.withConnection(connection ->
                        start(
                                new ServerExchange(request, response, connection.channel()),
                                connection.channel(),
                                sink)));
    }

    private void start(ServerExchange exchange, Channel channel, MonoSink<Void> sink) {
        Thread thread =
                Thread.ofVirtual()
                        .name("http-" + exchange.path())
                        .unstarted(() -> run(exchange, channel, sink));
        handlers.add(thread);
        thread.start();
    }

    private void run(ServerExchange exchange, Channel channel, MonoSink<Void> sink) {
        ChannelFutureListener gone = _ -> exchange.broken();
        var _ = channel.closeFuture().addListener(gone);
        try {
            handle(exchange);
        } finally {
            var _ = channel.closeFuture().removeListener(gone);
            handlers.remove(Thread.currentThread());
            sink.success();
        }
    }

    private void handle(ServerExchange exchange) {
        try {
            Throwable failure = answer(exchange);
            if (!exchange.isAnswered()) {
                exchange.reply(500, Map.of(), new byte[0]);
            }
            exchange.finish(failure);
        } catch (IOException e) {
            LOG.debug(
                    "http.reply-lost method={} path={} cause={}",
                    exchange.method(),
                    exchange.path(),
                    e.toString());
        }
    }

    private @Nullable Throwable answer(ServerExchange exchange) {
        try {
            handler.handle(exchange);
            return null;
        } catch (InterruptedException e) {
            // The server closes: this thread ends with its request, and the flag with it.
            exchange.abort();
            return e;
        } catch (IOException e) {
            LOG.debug(
                    "http.broken method={} path={} cause={}",
                    exchange.method(),
                    exchange.path(),
                    e.toString());
            return e;
        } catch (RuntimeException e) {
            LOG.warn(
                    "http.handler-failed method={} path={}", exchange.method(), exchange.path(), e);
            return e;
        }
    }
}
