package io.armrunner.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelOption;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.ImmediateEventExecutor;
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
 * reads) are the library's. Thread-safe.
 */
public final class HttpServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpServer.class);
    // Job tokens that are JWTs have some KB, and a git client may send several headers of that
    // size.
    private static final int MAX_HEADERS = 64 * 1024;
    // A handler that answers at once is let finish; one that holds a request is interrupted.
    private static final Duration GRACE = Duration.ofSeconds(2);
    // What an interrupted handler may need for its clean-up, such as ending a git process.
    private static final Duration ENDING = Duration.ofSeconds(5);

    private final HttpHandler handler;
    private final Duration grace;
    private final Set<Thread> handlers = ConcurrentHashMap.newKeySet();
    private final ChannelGroup connections =
            new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE);
    private volatile boolean closing;
    private final AtomicReference<@Nullable DisposableServer> bound = new AtomicReference<>();

    private HttpServer(HttpHandler handler, Duration grace) {
        this.handler = handler;
        this.grace = grace;
    }

    /**
     * Starts a server.
     *
     * @param address where to listen; port 0 takes a free one
     * @throws IOException when the address cannot be bound
     */
    public static HttpServer start(EventLoops loops, InetSocketAddress address, HttpHandler handler)
            throws IOException {
        return start(loops, address, handler, GRACE);
    }

    /**
     * As the other one.
     *
     * @param grace for how long {@link #close} lets running handlers finish
     */
    static HttpServer start(
            EventLoops loops, InetSocketAddress address, HttpHandler handler, Duration grace)
            throws IOException {
        HttpServer server = new HttpServer(handler, grace);
        server.bind(server.configure(loops, address), address);
        return server;
    }

    /**
     * Starts a server that speaks TLS only.
     *
     * @throws IOException when the address cannot be bound or a file cannot be used
     */
    public static HttpServer start(
            EventLoops loops, InetSocketAddress address, HttpHandler handler, ServerTls tls)
            throws IOException {
        SslContext context = tls.context();
        HttpServer server = new HttpServer(handler, GRACE);
        server.bind(
                server.configure(loops, address).secure(spec -> spec.sslContext(context)), address);
        return server;
    }

    private reactor.netty.http.server.HttpServer configure(
            EventLoops loops, InetSocketAddress address) {
        return reactor.netty.http.server.HttpServer.create()
                .bindAddress(() -> address)
                .runOn(loops.resources())
                .option(ChannelOption.ALLOCATOR, EventLoops.ALLOCATOR)
                .childOption(ChannelOption.ALLOCATOR, EventLoops.ALLOCATOR)
                .channelGroup(connections)
                .httpRequestDecoder(
                        spec -> spec.maxInitialLineLength(MAX_HEADERS).maxHeaderSize(MAX_HEADERS))
                .handle(this::serve);
    }

    private void bind(reactor.netty.http.server.HttpServer server, InetSocketAddress address)
            throws IOException {
        try {
            bound.set(server.bindNow());
        } catch (RuntimeException e) {
            throw new IOException("cannot listen on %s: %s".formatted(address, e.getMessage()), e);
        }
    }

    /** The port that the server listens on. */
    public int port() {
        DisposableServer server = bound.get();
        if (server == null) {
            throw new IllegalStateException("the server is closed");
        }
        return server.port();
    }

    /** How many connections are open, idle ones included. */
    int openConnections() {
        return connections.size();
    }

    /**
     * Takes no more connections and requests, closes the idle ones at once, lets running handlers
     * finish for 2 s, then interrupts them and waits until they have ended.
     */
    @Override
    public void close() {
        DisposableServer server = bound.getAndSet(null);
        if (server == null) {
            return;
        }
        closing = true;
        boolean interrupted = false;
        try {
            server.disposeNow(grace);
        } catch (IllegalStateException e) {
            interrupted = Thread.interrupted();
            LOG.debug("http.closing-hard cause=\"{}\"", e.getMessage());
        }
        handlers.forEach(Thread::interrupt);
        long deadline = System.nanoTime() + ENDING.toNanos();
        for (Thread thread : handlers) {
            interrupted |= joinUntil(thread, deadline);
        }
        var _ = connections.close().awaitUninterruptibly(ENDING.toMillis());
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    // An interrupt of the closing thread does not shorten this: what is open stays open otherwise.
    private static boolean joinUntil(Thread thread, long deadline) {
        boolean interrupted = false;
        while (thread.isAlive() && thread != Thread.currentThread()) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                LOG.warn("http.handler-stuck thread={} after={}", thread.getName(), ENDING);
                break;
            }
            try {
                var _ = thread.join(Duration.ofNanos(left));
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        return interrupted;
    }

    private Mono<Void> serve(HttpServerRequest request, HttpServerResponse response) {
        if (closing) {
            return response.status(HttpResponseStatus.SERVICE_UNAVAILABLE)
                    .keepAlive(false)
                    .send()
                    .then();
        }
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
