package io.armrunner.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A reply whose headers have arrived. Used by the caller's thread; closed when done, read or not.
 */
public final class HttpReply implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpReply.class);

    private final int status;
    private final Map<String, String> headers;
    private final List<X509Certificate> peerCertificates;
    private final InputStream body;

    HttpReply(
            int status,
            Map<String, String> headers,
            List<X509Certificate> peerCertificates,
            InputStream body) {
        this.status = status;
        this.headers = headers;
        this.peerCertificates = peerCertificates;
        this.body = body;
    }

    public int status() {
        return status;
    }

    /** A header; names are case-insensitive, of a repeated one the first. */
    public Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name.toLowerCase(Locale.ROOT)));
    }

    /** All headers, names in lower case. */
    public Map<String, String> headers() {
        return headers;
    }

    /** The certificate chain that the server showed and that was verified; empty for plain http. */
    public List<X509Certificate> peerCertificates() {
        return peerCertificates;
    }

    /** The body as it arrives, with back pressure. */
    public InputStream body() {
        return body;
    }

    /** The whole body; fails when it is larger than {@code limit} bytes. */
    public byte[] body(int limit) throws IOException {
        byte[] bytes = body.readNBytes(limit + 1);
        if (bytes.length > limit) {
            throw new IOException(
                    "the reply (status %d) is larger than %d bytes".formatted(status, limit));
        }
        return bytes;
    }

    /**
     * Ends the transfer. A body that was read to its end, or is short, leaves the connection for
     * the next call.
     */
    @Override
    public void close() throws IOException {
        try (body) {
            if (isShort()) {
                body.transferTo(OutputStream.nullOutputStream());
            }
        } catch (IOException e) {
            // The reply was understood: only the connection is lost, and it is closed.
            LOG.debug("http.rest-of-reply-lost status={} cause=\"{}\"", status, e.toString());
        }
    }

    private boolean isShort() {
        String length = headers.getOrDefault("content-length", "");
        // Up to 99 999 bytes: cheaper to read than a new connection.
        return !length.isEmpty() && length.length() <= 5;
    }
}
