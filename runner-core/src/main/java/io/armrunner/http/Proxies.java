package io.armrunner.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.proxy.ProxyConnectException;
import java.net.URI;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import reactor.netty.transport.ProxyProvider;

/**
 * Which proxy an address goes through, by the usual environment variables, and how: https through a
 * tunnel, plain http as a request to the proxy. Pure functions.
 */
final class Proxies {
    private Proxies() {}

    /** The proxy for {@code target}, if any; lower-case variables go before upper-case ones. */
    static Optional<URI> proxyFor(URI target, Map<String, String> environment) {
        String host = target.getHost().toLowerCase(Locale.ROOT);
        if (isLoopback(host) || isExcluded(host, port(target), variable("no_proxy", environment))) {
            return Optional.empty();
        }
        String proxy =
                variable(
                        target.getScheme().equals("https") ? "https_proxy" : "http_proxy",
                        environment);
        if (proxy.isEmpty()) {
            return Optional.empty();
        }
        URI uri = URI.create(proxy.contains("://") ? proxy : "http://" + proxy);
        if (!"http".equals(uri.getScheme()) || uri.getHost() == null) {
            throw new IllegalArgumentException(
                    "the proxy for %s must look like http://host:port; look at HTTP_PROXY and HTTPS_PROXY"
                            .formatted(host));
        }
        return Optional.of(uri);
    }

    static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : "https".equals(uri.getScheme()) ? 443 : 80;
    }

    /** Sets a tunnel through {@code proxy} up: CONNECT, for https. */
    static void tunnel(ProxyProvider.TypeSpec spec, URI proxy) {
        ProxyProvider.Builder builder =
                spec.type(ProxyProvider.Proxy.HTTP).host(proxy.getHost()).port(port(proxy));
        String user = proxy.getUserInfo();
        if (user != null) {
            int colon = user.indexOf(':');
            builder.username(colon < 0 ? user : user.substring(0, colon))
                    .password(_ -> colon < 0 ? "" : user.substring(colon + 1));
        }
    }

    /** What a plain http request for {@code target} must say to the proxy. */
    static void forwarded(URI target, URI proxy, HttpHeaders headers) {
        headers.set(HttpHeaderNames.HOST, target.getRawAuthority());
        String user = proxy.getUserInfo();
        if (user != null) {
            String pair = user.indexOf(':') < 0 ? user + ":" : user;
            headers.set(
                    HttpHeaderNames.PROXY_AUTHORIZATION,
                    "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(UTF_8)));
        }
    }

    /** The place of {@code target} on the proxy, which is the one that is connected to. */
    static URI at(URI proxy, URI target) {
        String query = target.getRawQuery() == null ? "" : "?" + target.getRawQuery();
        String path = target.getRawPath().isEmpty() ? "/" : target.getRawPath();
        return URI.create("http://" + proxy.getHost() + ":" + port(proxy) + path + query);
    }

    private static String variable(String name, Map<String, String> environment) {
        String value = environment.getOrDefault(name, "");
        return value.isEmpty()
                ? environment.getOrDefault(name.toUpperCase(Locale.ROOT), "")
                : value;
    }

    private static boolean isLoopback(String host) {
        return host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]");
    }

    private static boolean isExcluded(String host, int port, String list) {
        int from = 0;
        while (from <= list.length()) {
            int comma = list.indexOf(',', from);
            int end = comma < 0 ? list.length() : comma;
            if (matches(host, port, list.substring(from, end).strip().toLowerCase(Locale.ROOT))) {
                return true;
            }
            from = end + 1;
        }
        return false;
    }

    private static boolean matches(String host, int port, String entry) {
        if (entry.isEmpty()) {
            return false;
        }
        if (entry.equals("*")) {
            return true;
        }
        String name = entry;
        int colon = entry.lastIndexOf(':');
        if (colon > 0 && !entry.endsWith("]")) {
            if (!entry.substring(colon + 1).equals(Integer.toString(port))) {
                return false;
            }
            name = entry.substring(0, colon);
        }
        name = name.startsWith("*.") ? name.substring(1) : name;
        // ".example.com" means the hosts below it, "example.com" the host itself as well.
        return name.startsWith(".")
                ? host.endsWith(name)
                : host.equals(name) || host.endsWith("." + name);
    }

    /** What lies beneath: a proxy that refuses a tunnel shows as TLS that could not begin. */
    static Throwable refusal(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof ProxyConnectException) {
                return each;
            }
        }
        return failure;
    }
}
