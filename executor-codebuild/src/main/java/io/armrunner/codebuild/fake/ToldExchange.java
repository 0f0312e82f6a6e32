package io.armrunner.codebuild.fake;

import io.armrunner.http.Exchange;
import io.armrunner.http.ForwardingExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;

/**
 * An exchange that says when its answer begins, before the client can see anything of it: what a
 * caller looks up after its answer is written down by then. Used by the handler's thread only.
 */
final class ToldExchange extends ForwardingExchange {
    private Runnable answering;

    /**
     * @param answering called once, before the first byte of the answer or the end without one
     */
    ToldExchange(Exchange real, Runnable answering) {
        super(real);
        this.answering = answering;
    }

    /** Calls it now, unless that was done. */
    void tell() {
        Runnable once = answering;
        answering = () -> {};
        once.run();
    }

    @Override
    public void reply(int status, Map<String, String> headers, byte[] body) throws IOException {
        tell();
        super.reply(status, headers, body);
    }

    @Override
    public OutputStream replyStream(int status, Map<String, String> headers) throws IOException {
        tell();
        return super.replyStream(status, headers);
    }

    @Override
    public void abort() {
        tell();
        super.abort();
    }
}
