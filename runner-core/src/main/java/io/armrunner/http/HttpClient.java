package io.armrunner.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.ssl.SslHandler;
import io.netty.resolver.NoopAddressResolverGroup;
import java.io.IOException;
import java.net.URI;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.NettyOutbound;
import reactor.netty.NettyPipeline;
import reactor.netty.http.client.HttpClient.ResponseReceiver;
import reactor.netty.http.client.HttpClientRequest;
import reactor.netty.http.client.HttpClientResponse;
import reactor.netty.resources.ConnectionProvider;

/**
 * A blocking HTTP/1.1 client with kept-alive connections (runner-protocol §1.5, §1.6).
 *
 * <p>Called from virtual threads, any number at a time; an interrupt ends a call at once and closes
 * its connection. The TLS files are looked at before each call, so that a changed one counts from
 * the next call on. Sends each request once: repeating is the caller's decision.
 */
public final class HttpClient implements AutoCloseable {
    // A pool limit must never make a running job wait behind a long poll; sockets are limited by
    // the system anyway.
    private static final int CONNECTIONS = 10_000;
    // Below the 60 to 75 s after which usual servers close: a request must not meet a closing
    // connection.
    private static final Duration IDLE = Duration.ofSeconds(50);
    private static final Duration EVICTION = Duration.ofSeconds(30);
    private static final int MAX_HEADERS = 64 * 1024;

    // The name under which a session keeps its chain, for all calls on its connections.
    private static final String CHAIN = "io.armrunner.chain";

    private record Chain(List<X509Certificate> certificates) {}

    /**
     * The library's clients for one state of the TLS files, by the proxy's address. They are kept
     * because connections are used again only by the client that made them.
     */
    private record Secured(
            Tls tls,
            ConcurrentHashMap<Optional<URI>, reactor.netty.http.client.HttpClient> clients) {}

    private record Head(HttpClientResponse response, List<X509Certificate> certificates) {}

    private final ClientSettings settings;
    private final ConnectionProvider pool;
    private final reactor.netty.http.client.HttpClient base;
    private final reactor.netty.http.client.HttpClient forwarding;
    private volatile @Nullable Secured secured;

    private HttpClient(EventLoops loops, ClientSettings settings) {
        this.settings = settings;
        this.pool =
                ConnectionProvider.builder("http-client")
                        .maxConnections(CONNECTIONS)
                        .lifo()
                        .maxIdleTime(IDLE)
                        .maxLifeTime(settings.connectionMaxAge())
                        .evictInBackground(EVICTION)
                        .build();
        this.base =
                reactor.netty.http.client.HttpClient.create(pool)
                        .runOn(loops.resources())
                        .resolver(SystemResolver.INSTANCE)
                        .option(ChannelOption.ALLOCATOR, EventLoops.ALLOCATOR)
                        // Whether to repeat is decided above this class (runner-protocol §1.8).
                        .disableRetry(true)
                        .option(
                                ChannelOption.CONNECT_TIMEOUT_MILLIS,
                                (int) settings.connect().toMillis())
                        .option(ChannelOption.SO_KEEPALIVE, true)
                        .option(ChannelOption.AUTO_CLOSE, false)
                        .doOnChannelInit(
                                (_, channel, _) -> channel.pipeline().addFirst(LateReply.INSTANCE))
                        .responseTimeout(settings.responseHeader())
                        .httpResponseDecoder(spec -> spec.maxHeaderSize(MAX_HEADERS));
        this.forwarding =
                base.doOnChannelInit((_, channel, _) ->
                        channel.pipeline()
                                .addBefore(
                                        NettyPipeline.ReactiveBridge,
                                        "absolute-form",
                                        AbsoluteForm.INSTANCE));
    }

    /** Opens a client; no connection is made before the first call. */
    public static HttpClient open(EventLoops loops, ClientSettings settings) {
        return new HttpClient(loops, settings);
    }

    /**
     * Sends a request and returns when the headers of the final reply are there. The caller closes
     * the reply.
     *
     * @throws IOException when no reply came: no such host, refused, reset, TLS, time-out
     * @throws InterruptedException when the calling thread was interrupted; the connection is
     *     closed
     */
    public HttpReply send(HttpRequest request) throws IOException, InterruptedException {
        return send(request, settings.call());
    }

    /**
     * As the other one, with a limit of its own for the whole call, redirects and the reply's body
     * included.
     */
    public HttpReply send(HttpRequest request, Duration limit)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        HttpRequest current = request;
        for (int hop = 0; hop <= Redirects.MAX_HOPS; hop++) {
            HttpReply reply = once(current, deadline, limit);
            Optional<HttpRequest> next = Redirects.next(current, reply);
            if (next.isEmpty()) {
                return reply;
            }
            reply.close();
            current = next.get();
        }
        throw new IOException(
                "%s was redirected more than %d times".formatted(request, Redirects.MAX_HOPS));
    }

    @Override
    public void close() {
        pool.dispose();
    }

    private HttpReply once(HttpRequest request, long deadline, Duration limit)
            throws IOException, InterruptedException {
        CompletableFuture<Head> head = new CompletableFuture<>();
        BodyInput input = new BodyInput(settings.responseHeader(), deadline);
        Optional<Secured> security =
                "https".equals(request.uri().getScheme())
                        ? Optional.of(secured())
                        : Optional.empty();
        Flux<byte[]> body =
                request(request, security)
                        .responseConnection((response, connection) -> {
                            head.complete(
                                    new Head(
                                            response,
                                            certificates(connection.channel(), security)));
                            return content(connection);
                        });
        body.doOnError(head::completeExceptionally)
                .doOnComplete(() ->
                        head.completeExceptionally(
                                new IOException("the connection ended without a reply")))
                .subscribe(input.subscriber());
        try {
            Head got = head.get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            return new HttpReply(
                    got.response().status().code(),
                    headers(got.response()),
                    got.certificates(),
                    input);
        } catch (ExecutionException e) {
            Throwable cause = Proxies.refusal(e.getCause() == null ? e : e.getCause());
            throw new IOException("%s got no reply: %s".formatted(request, cause), cause);
        } catch (TimeoutException e) {
            input.close();
            throw new IOException("%s got no reply within %s".formatted(request, limit), e);
        } catch (InterruptedException e) {
            input.close();
            throw e;
        }
    }

    // A caller that stops reading gives the connection up: nobody knows how much is still to come.
    private static Flux<byte[]> content(Connection connection) {
        return connection.inbound().receive().asByteArray().doOnCancel(connection::dispose);
    }

    private ResponseReceiver<?> request(HttpRequest request, Optional<Secured> security)
            throws IOException {
        URI uri = request.uri();
        if (uri.getHost() == null
                || !("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
            throw new IOException(
                    "only http and https addresses with a host can be called, not scheme '%s' host '%s'"
                            .formatted(uri.getScheme(), uri.getHost()));
        }
        Optional<URI> proxy = Proxies.proxyFor(uri, settings.environment());
        boolean forwards = security.isEmpty() && proxy.isPresent();
        reactor.netty.http.client.HttpClient client =
                security.map(state -> client(state, proxy)).orElse(forwards ? forwarding : base);
        return client.headers(
                        target -> {
                            request.headers().forEach(target::set);
                            if (forwards) {
                                Proxies.forwarded(uri, proxy.orElseThrow(), target);
                            }
                        })
                .request(HttpMethod.valueOf(request.method()))
                .uri(forwards ? Proxies.at(proxy.orElseThrow(), uri) : uri)
                .send((sent, out) -> body(request.body(), sent, out));
    }

    private reactor.netty.http.client.HttpClient client(Secured state, Optional<URI> proxy) {
        return state.clients()
                .computeIfAbsent(
                        proxy,
                        via ->
                                via.map(address ->
                                                base.proxy(spec -> Proxies.tunnel(spec, address))
                                                        // Behind a proxy names mean something to it
                                                        // alone.
                                                        .resolver(
                                                                NoopAddressResolverGroup.INSTANCE))
                                        .orElse(base)
                                        .secure(spec ->
                                                spec.sslContext(state.tls().context())
                                                        .handshakeTimeout(settings.handshake())));
    }

    // Two calls at once may both read changed files: the same result twice, and no lock on the way
    // of every call.
    private Secured secured() throws IOException {
        Secured known = secured;
        if (known == null || !known.tls().isCurrent(settings)) {
            known = new Secured(Tls.read(settings), new ConcurrentHashMap<>());
            secured = known;
        }
        return known;
    }

    private Publisher<Void> body(HttpRequest.Body body, HttpClientRequest sent, NettyOutbound out) {
        return switch (body) {
            case HttpRequest.Empty _ -> empty(sent, out);
            case HttpRequest.Bytes bytes -> {
                sent.header("Content-Length", Integer.toString(bytes.length()));
                yield out.send(Mono.just(Unpooled.wrappedBuffer(bytes.array(), 0, bytes.length())));
            }
            case HttpRequest.Produced produced ->
                    out.send(
                            new BodyOutput(
                                    settings.responseHeader(),
                                    output -> produce(produced.writer(), output)),
                            HttpClient::never);
        };
    }

    private static Publisher<Void> empty(HttpClientRequest sent, NettyOutbound out) {
        HttpMethod method = sent.method();
        if (!method.equals(HttpMethod.GET) && !method.equals(HttpMethod.HEAD)) {
            sent.header("Content-Length", "0");
        }
        return out.then();
    }

    private static boolean never(ByteBuf piece) {
        return false;
    }

    private static void produce(BodyWriter writer, BodyOutput output) {
        var _ =
                Thread.ofVirtual()
                        .name("http-body")
                        .start(() -> {
                            try {
                                writer.writeTo(output);
                                output.close();
                            } catch (IOException | RuntimeException e) {
                                output.abort(e);
                            }
                        });
    }

    private static Map<String, String> headers(HttpClientResponse response) {
        Map<String, String> headers = new LinkedHashMap<>();
        for (Map.Entry<String, String> entry : response.responseHeaders()) {
            headers.putIfAbsent(entry.getKey().toLowerCase(Locale.ROOT), entry.getValue());
        }
        return headers;
    }

    private static List<X509Certificate> certificates(Channel channel, Optional<Secured> security) {
        SslHandler handler = channel.pipeline().get(SslHandler.class);
        if (handler == null || security.isEmpty()) {
            return List.of();
        }
        SSLSession session = handler.engine().getSession();
        if (session.getValue(CHAIN) instanceof Chain(List<X509Certificate> known)) {
            return known;
        }
        List<X509Certificate> sent = new ArrayList<>();
        try {
            for (Certificate certificate : session.getPeerCertificates()) {
                if (certificate instanceof X509Certificate x509) {
                    sent.add(x509);
                }
            }
        } catch (SSLPeerUnverifiedException e) {
            return List.of();
        }
        Chain chain = new Chain(security.get().tls().completed(List.copyOf(sent)));
        session.putValue(CHAIN, chain);
        return chain.certificates();
    }
}
