package io.armrunner.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.armrunner.coordinator.PortOpener;
import io.armrunner.http.Exchange;
import io.armrunner.http.HttpHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A port of the coordinator on the JDK's own small server. It cannot tell whether a silent client
 * is gone.
 */
public final class JdkPort implements PortOpener {
    @Override
    public OpenPort open(InetSocketAddress address, HttpHandler handler) throws IOException {
        HttpServer server = HttpServer.create(address, 0);
        ExecutorService threads =
                Executors.newThreadPerTaskExecutor(
                        Thread.ofVirtual().name("test-port-", 0).factory());
        server.setExecutor(threads);
        server.createContext("/", exchange -> serve(handler, exchange));
        server.start();
        return new OpenPort() {
            @Override
            public int port() {
                return server.getAddress().getPort();
            }

            @Override
            public void close() {
                server.stop(0);
                threads.shutdownNow();
            }
        };
    }

    private static void serve(HttpHandler handler, HttpExchange exchange) throws IOException {
        try {
            handler.handle(new Served(exchange));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            exchange.close();
        }
    }

    /** Thrown out of a handler, it makes the JDK's server drop the connection. */
    private static final class Cut extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private record Served(HttpExchange real) implements Exchange {
        @Override
        public String method() {
            return real.getRequestMethod();
        }

        @Override
        public String path() {
            return real.getRequestURI().getPath();
        }

        @Override
        public Map<String, String> query() {
            Map<String, String> query = new HashMap<>();
            for (String pair : rawQuery().split("&", -1)) {
                int equals = pair.indexOf('=');
                if (equals > 0) {
                    query.put(
                            URLDecoder.decode(pair.substring(0, equals), StandardCharsets.UTF_8),
                            URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
                }
            }
            return query;
        }

        @Override
        public String rawQuery() {
            String query = real.getRequestURI().getRawQuery();
            return query == null ? "" : query;
        }

        @Override
        public Optional<String> header(String name) {
            return Optional.ofNullable(real.getRequestHeaders().getFirst(name));
        }

        @Override
        public Map<String, String> headers() {
            Map<String, String> headers = new HashMap<>();
            real.getRequestHeaders()
                    .forEach((name, values) ->
                            headers.put(name.toLowerCase(Locale.ROOT), values.getFirst()));
            return headers;
        }

        @Override
        public InputStream body() {
            return real.getRequestBody();
        }

        @Override
        public byte[] body(int limit) throws IOException {
            byte[] bytes = body().readNBytes(limit + 1);
            if (bytes.length > limit) {
                throw new IOException("the body has more than " + limit + " bytes");
            }
            return bytes;
        }

        @Override
        public void reply(int status, Map<String, String> headers, byte[] body) throws IOException {
            headers.forEach(real.getResponseHeaders()::set);
            real.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
            if (body.length > 0) {
                real.getResponseBody().write(body);
            }
        }

        @Override
        public OutputStream replyStream(int status, Map<String, String> headers)
                throws IOException {
            headers.forEach(real.getResponseHeaders()::set);
            real.sendResponseHeaders(status, 0);
            return real.getResponseBody();
        }

        @Override
        public boolean isClosed() {
            return false;
        }

        @Override
        public void abort() {
            throw new Cut();
        }
    }
}
