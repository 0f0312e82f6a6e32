package io.armrunner.http;

import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** How a redirect is followed (runner-protocol §1.6, §7.7). Pure functions. */
final class Redirects {
    static final int MAX_HOPS = 10;

    private Redirects() {}

    /** The request that follows from a reply; empty when the reply is the answer. */
    static Optional<HttpRequest> next(HttpRequest request, HttpReply reply) {
        Optional<String> location = reply.header("location");
        if (!request.followsRedirects() || location.isEmpty()) {
            return Optional.empty();
        }
        URI target = request.uri().resolve(location.get());
        return switch (reply.status()) {
            case 307, 308 ->
                    Optional.of(
                            new HttpRequest(
                                    request.method(),
                                    target,
                                    headers(request, target, true),
                                    request.body(),
                                    true));
            case 301, 302, 303 ->
                    Optional.of(
                            new HttpRequest(
                                    request.method().equals("HEAD") ? "HEAD" : "GET",
                                    target,
                                    headers(request, target, false),
                                    new HttpRequest.Empty(),
                                    true));
            default -> Optional.empty();
        };
    }

    private static Map<String, String> headers(HttpRequest request, URI target, boolean keepsBody) {
        boolean sameOrigin = isSameOrigin(request.uri(), target);
        Map<String, String> headers = new LinkedHashMap<>();
        request.headers()
                .forEach((name, value) -> {
                    if ((sameOrigin || !isCredential(name)) && (keepsBody || !isOfBody(name))) {
                        headers.put(name, value);
                    }
                });
        return headers;
    }

    private static boolean isSameOrigin(URI from, URI to) {
        return from.getScheme().equalsIgnoreCase(to.getScheme())
                && from.getHost().equalsIgnoreCase(to.getHost())
                && Proxies.port(from) == Proxies.port(to);
    }

    // A token goes to the server it was issued by and to nobody else.
    private static boolean isCredential(String header) {
        return switch (header.toLowerCase(Locale.ROOT)) {
            case "job-token", "private-token", "runner-token", "authorization", "cookie" -> true;
            default -> false;
        };
    }

    private static boolean isOfBody(String header) {
        String name = header.toLowerCase(Locale.ROOT);
        return name.startsWith("content-")
                || name.equals("transfer-encoding")
                || name.equals("expect");
    }
}
