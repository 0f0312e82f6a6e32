package io.armrunner.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;
import java.util.Optional;

/**
 * One request to an {@code HttpServer} and the means to answer it. Used by the handler's thread
 * only.
 */
public interface Exchange {
    /** {@code GET}, {@code PATCH}, … */
    String method();

    /** The decoded path, without the query, such as {@code /api/v4/jobs/17/trace}. */
    String path();

    /** The decoded parameters of the query; of a repeated one the last. */
    Map<String, String> query();

    /** The query as sent, without {@code ?}; empty when there is none. */
    String rawQuery();

    /** A header of the request; names are case-insensitive, of a repeated one the first. */
    Optional<String> header(String name);

    /** All headers of the request, names in lower case. */
    Map<String, String> headers();

    /**
     * The body as it arrives, read with back pressure. Ends with an {@link IOException} when the
     * peer breaks off.
     */
    InputStream body();

    /** The whole body; fails when it is larger than {@code limit} bytes. */
    byte[] body(int limit) throws IOException;

    /**
     * Answers with these headers and this body, and {@code Content-Length}. Of an answer to {@code
     * HEAD} only the headers are sent; who has no body then may name its length himself.
     */
    void reply(int status, Map<String, String> headers, byte[] body) throws IOException;

    /**
     * Answers with a body that is written piece by piece (chunked); closing the stream ends it.
     * Each {@code flush} reaches the client at once. Blocks while the client does not read.
     */
    OutputStream replyStream(int status, Map<String, String> headers) throws IOException;

    /**
     * Whether the client is gone; a handler that holds a request (long polling) asks now and then.
     */
    boolean isClosed();

    /** Breaks the connection off without an answer, as a failing network does. */
    void abort();
}
