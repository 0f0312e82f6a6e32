package io.armrunner.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/**
 * One request on the library's server. The handler's thread uses it; the event loop only calls
 * {@link #broken}.
 */
final class ServerExchange implements Exchange {
    private static final Logger LOG = LoggerFactory.getLogger(ServerExchange.class);
    // A peer that neither reads nor writes for so long is dead; artifacts of gigabytes pause much
    // less.
    static final Duration SILENCE = Duration.ofMinutes(10);

    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Channel channel;
    private final QueryStringDecoder uri;
    private volatile @Nullable BodyInput input;
    private volatile @Nullable BodyOutput output;
    private @Nullable CompletableFuture<@Nullable Void> sent;
    private boolean answered;

    ServerExchange(HttpServerRequest request, HttpServerResponse response, Channel channel) {
        this.request = request;
        this.response = response;
        this.channel = channel;
        this.uri = new QueryStringDecoder(request.uri());
    }

    @Override
    public String method() {
        return request.method().name();
    }

    @Override
    public String path() {
        return uri.path();
    }

    @Override
    public Map<String, String> query() {
        Map<String, String> query = new LinkedHashMap<>();
        for (Map.Entry<String, List<String>> entry : uri.parameters().entrySet()) {
            query.put(entry.getKey(), entry.getValue().getLast());
        }
        return query;
    }

    @Override
    public String rawQuery() {
        return uri.rawQuery();
    }

    @Override
    public Optional<String> header(String name) {
        return Optional.ofNullable(request.requestHeaders().get(name));
    }

    @Override
    public Map<String, String> headers() {
        Map<String, String> headers = new LinkedHashMap<>();
        for (Map.Entry<String, String> entry : request.requestHeaders()) {
            headers.putIfAbsent(entry.getKey().toLowerCase(Locale.ROOT), entry.getValue());
        }
        return headers;
    }

    @Override
    public InputStream body() {
        BodyInput known = input;
        if (known != null) {
            return known;
        }
        BodyInput opened = new BodyInput(SILENCE);
        input = opened;
        request.receive().asByteArray().subscribe(opened.subscriber());
        return opened;
    }

    @Override
    public byte[] body(int limit) throws IOException {
        byte[] bytes = body().readNBytes(limit + 1);
        if (bytes.length > limit) {
            throw new IOException(
                    "the body of %s %s is larger than %d bytes".formatted(method(), path(), limit));
        }
        return bytes;
    }

    @Override
    public void reply(int status, Map<String, String> headers, byte[] body) throws IOException {
        begin(status, headers);
        boolean mayHaveBody = status >= 200 && status != 204 && status != 304;
        boolean namesLength =
                method().equals("HEAD")
                        && body.length == 0
                        && headers.keySet().stream().anyMatch("Content-Length"::equalsIgnoreCase);
        if (mayHaveBody && !namesLength) {
            response.header(HttpHeaderNames.CONTENT_LENGTH, Integer.toString(body.length));
        }
        boolean sendsBody = mayHaveBody && body.length > 0 && !method().equals("HEAD");
        await(
                (sendsBody ? response.sendByteArray(Mono.just(body)).then() : response.send())
                        .toFuture());
    }

    @Override
    public OutputStream replyStream(int status, Map<String, String> headers) throws IOException {
        begin(status, headers);
        BodyOutput opened = new BodyOutput(SILENCE, _ -> {});
        output = opened;
        sent = response.send(opened, ServerExchange::always).then().toFuture();
        return opened;
    }

    @Override
    public boolean isClosed() {
        return !channel.isActive();
    }

    @Override
    public void abort() {
        answered = true;
        // Linger 0 makes the kernel send RST instead of FIN: the client sees a reset, not an end.
        try {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
        } catch (ChannelException e) {
            LOG.debug("http.already-closed cause=\"{}\"", e.toString());
        }
        var _ = channel.close();
    }

    boolean isAnswered() {
        return answered;
    }

    /** Ends what the handler left open, after it returned. */
    void finish(@Nullable Throwable failure) throws IOException {
        BodyOutput opened = output;
        if (opened != null && failure != null) {
            opened.abort(failure);
            abort();
        } else if (opened != null) {
            opened.close();
        }
        if (sent != null && failure == null) {
            await(sent);
        }
    }

    /** The connection is gone: wakes the handler, wherever it waits. */
    void broken() {
        IOException cause = new IOException("the client closed the connection");
        BodyInput in = input;
        if (in != null) {
            in.fail(cause);
        }
        BodyOutput out = output;
        if (out != null) {
            out.fail(cause);
        }
    }

    private void begin(int status, Map<String, String> headers) throws IOException {
        if (answered) {
            throw new IllegalStateException("answered twice: %s %s".formatted(method(), path()));
        }
        if (isClosed()) {
            throw new IOException("the client closed the connection");
        }
        answered = true;
        response.status(status);
        headers.forEach(response::header);
    }

    private static boolean always(ByteBuf piece) {
        return true;
    }

    private static void await(CompletableFuture<@Nullable Void> done) throws IOException {
        try {
            done.get(SILENCE.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw new IOException("the reply was not sent: " + e.getCause(), e);
        } catch (TimeoutException e) {
            throw new IOException("the client took no reply within " + SILENCE, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            InterruptedIOException interrupted =
                    new InterruptedIOException("interrupted while replying");
            interrupted.initCause(e);
            throw interrupted;
        }
    }
}
