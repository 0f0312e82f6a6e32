package io.armrunner.codebuild.fake;

import io.armrunner.http.Exchange;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;
import java.util.Optional;

/**
 * An exchange that says when its answer begins, before the client can see anything of it: what a
 * caller looks up after its answer is written down by then. Used by the handler's thread only.
 */
final class ToldExchange implements Exchange {
    private final Exchange real;
    private Runnable answering;

    /**
     * @param answering called once, before the first byte of the answer or the end without one
     */
    ToldExchange(Exchange real, Runnable answering) {
        this.real = real;
        this.answering = answering;
    }

    /** Calls it now, unless that was done. */
    void tell() {
        Runnable once = answering;
        answering = () -> {};
        once.run();
    }

    @Override
    public String method() {
        return real.method();
    }

    @Override
    public String path() {
        return real.path();
    }

    @Override
    public Map<String, String> query() {
        return real.query();
    }

    @Override
    public String rawQuery() {
        return real.rawQuery();
    }

    @Override
    public Optional<String> header(String name) {
        return real.header(name);
    }

    @Override
    public Map<String, String> headers() {
        return real.headers();
    }

    @Override
    public InputStream body() {
        return real.body();
    }

    @Override
    public byte[] body(int limit) throws IOException {
        return real.body(limit);
    }

    @Override
    public void reply(int status, Map<String, String> headers, byte[] body) throws IOException {
        tell();
        real.reply(status, headers, body);
    }

    @Override
    public OutputStream replyStream(int status, Map<String, String> headers) throws IOException {
        tell();
        return real.replyStream(status, headers);
    }

    @Override
    public boolean isClosed() {
        return real.isClosed();
    }

    @Override
    public void abort() {
        tell();
        real.abort();
    }
}
