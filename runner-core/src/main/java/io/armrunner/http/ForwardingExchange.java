package io.armrunner.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;
import java.util.Optional;

/**
 * An exchange that hands everything on to another one: for those that change or watch a part of it.
 * Used by the handler's thread only.
 */
public abstract class ForwardingExchange implements Exchange {
    private final Exchange real;

    /**
     * @param real the one that the client is at
     */
    protected ForwardingExchange(Exchange real) {
        this.real = real;
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
        real.reply(status, headers, body);
    }

    @Override
    public OutputStream replyStream(int status, Map<String, String> headers) throws IOException {
        return real.replyStream(status, headers);
    }

    @Override
    public boolean isClosed() {
        return real.isClosed();
    }

    @Override
    public void abort() {
        real.abort();
    }
}
