package io.armrunner.http;

import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One request. Immutable; each {@code with…} gives a changed copy.
 *
 * @param headers names as they are sent
 * @param followsRedirects whether a 3xx is followed, or returned as the reply
 */
public record HttpRequest(
        String method, URI uri, Map<String, String> headers, Body body, boolean followsRedirects) {
    /** What is sent after the headers; every kind can be sent again. */
    public sealed interface Body {}

    /** No body. */
    public record Empty() implements Body {}

    /** A body that is in memory; the caller does not change the array until the call is over. */
    public static final class Bytes implements Body {
        private final byte[] array;
        private final int length;

        private Bytes(byte[] array, int length) {
            this.array = array;
            this.length = length;
        }

        byte[] array() {
            return array;
        }

        int length() {
            return length;
        }
    }

    /**
     * A body that is produced while it is sent (chunked, unless the headers give a {@code
     * Content-Length}).
     */
    public record Produced(BodyWriter writer) implements Body {}

    public HttpRequest {
        headers = Map.copyOf(headers);
    }

    /** A request without headers and body, whose redirects are followed. */
    public static HttpRequest of(String method, URI uri) {
        return new HttpRequest(method, uri, Map.of(), new Empty(), true);
    }

    /** With one header more, or another value for it. */
    public HttpRequest with(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        return new HttpRequest(method, uri, more, body, followsRedirects);
    }

    /** With the first {@code length} of these bytes as its body. */
    public HttpRequest with(byte[] bytes, int length) {
        return new HttpRequest(method, uri, headers, new Bytes(bytes, length), followsRedirects);
    }

    /** With these bytes as its body. */
    public HttpRequest with(byte[] bytes) {
        return with(bytes, bytes.length);
    }

    /** With a body that is produced while it is sent. */
    public HttpRequest with(BodyWriter writer) {
        return new HttpRequest(method, uri, headers, new Produced(writer), followsRedirects);
    }

    /** The bytes of the body, 0 where it is produced while it is sent. */
    public int bodyLength() {
        return body instanceof Bytes bytes ? bytes.length() : 0;
    }

    /** The same, but a 3xx is returned as the reply. */
    public HttpRequest withoutFollowing() {
        return new HttpRequest(method, uri, headers, body, false);
    }

    /** Headers may hold tokens: only method and address without its query are shown. */
    @Override
    public String toString() {
        return method + " " + uri.getScheme() + "://" + uri.getHost() + uri.getPath();
    }
}
