package io.armrunner.coordinator;

import io.armrunner.http.Exchange;
import io.armrunner.http.ForwardingExchange;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * An exchange that shows one ordered fault, and remembers what was answered. Used by the handler's
 * thread only.
 */
final class FaultyExchange extends ForwardingExchange {
    private final Map<String, String> common;
    private final LongSupplier goesOut;
    private OptionalLong moment = OptionalLong.empty();
    private @Nullable Fault fault;
    private int status = RecordedRequest.NO_ANSWER;

    /**
     * @param common headers of every answer
     * @param goesOut notes the moment before the caller can know that the request is over: called
     *     once, before a whole answer goes out or the connection is cut. An answer in pieces is not
     *     at its end before its handler is
     */
    FaultyExchange(Exchange real, Map<String, String> common, LongSupplier goesOut) {
        super(real);
        this.common = common;
        this.goesOut = goesOut;
    }

    /** The moment at which the request was over, for its handler at the latest. */
    long moment() {
        long at = moment.orElseGet(goesOut);
        moment = OptionalLong.of(at);
        return at;
    }

    /** Shows the faults that come before the effect; whether the request is to be served at all. */
    boolean begin(Optional<Fault> ordered) throws IOException, InterruptedException {
        fault = ordered.orElse(null);
        return switch (fault) {
            case null -> true;
            case Fault.Answer answer -> {
                reply(
                        answer.status(),
                        answer.headers(),
                        answer.body().getBytes(StandardCharsets.UTF_8));
                yield false;
            }
            case Fault.Cut _ -> {
                abort();
                yield false;
            }
            case Fault.Delay delay -> {
                Thread.sleep(delay.pause());
                yield true;
            }
            case Fault.LostAnswer _, Fault.Slow _, Fault.BrokenBody _ -> true;
        };
    }

    /** Cuts the connection of a request whose answer is to be lost. */
    void end() {
        if (fault instanceof Fault.LostAnswer) {
            abort();
        }
    }

    /** Whether the client never sees the answer. */
    boolean isLost() {
        return fault instanceof Fault.LostAnswer;
    }

    /** What was answered, or {@link RecordedRequest#NO_ANSWER}. */
    int status() {
        return status;
    }

    @Override
    public InputStream body() {
        return fault instanceof Fault.Slow slow ? new SlowInput(super.body(), slow) : super.body();
    }

    @Override
    public void reply(int code, Map<String, String> headers, byte[] body) throws IOException {
        status = code;
        switch (fault) {
            case Fault.LostAnswer _ -> {}
            case Fault.Slow _, Fault.BrokenBody _ -> {
                try (OutputStream out = replyStream(code, headers)) {
                    out.write(body);
                }
            }
            case null -> replyWhole(code, headers, body);
            case Fault.Answer _, Fault.Cut _, Fault.Delay _ -> replyWhole(code, headers, body);
        }
    }

    private void replyWhole(int code, Map<String, String> headers, byte[] body) throws IOException {
        moment();
        super.reply(code, all(headers), body);
    }

    @Override
    public OutputStream replyStream(int code, Map<String, String> headers) throws IOException {
        status = code;
        return switch (fault) {
            case Fault.LostAnswer _ -> OutputStream.nullOutputStream();
            case Fault.Slow slow -> new SlowOutput(super.replyStream(code, all(headers)), slow);
            case Fault.BrokenBody broken ->
                    new BrokenOutput(super.replyStream(code, all(headers)), broken.after());
            case null -> super.replyStream(code, all(headers));
            case Fault.Answer _, Fault.Cut _, Fault.Delay _ ->
                    super.replyStream(code, all(headers));
        };
    }

    @Override
    public void abort() {
        status = RecordedRequest.NO_ANSWER;
        moment();
        super.abort();
    }

    private Map<String, String> all(Map<String, String> headers) {
        Map<String, String> all = new HashMap<>(common);
        all.putAll(headers);
        return all;
    }

    private static void pause(Duration pause) throws IOException {
        try {
            Thread.sleep(pause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("stopped in a pause of a slow body");
        }
    }

    private static final class SlowInput extends FilterInputStream {
        private final Fault.Slow slow;

        SlowInput(InputStream in, Fault.Slow slow) {
            super(in);
            this.slow = slow;
        }

        @Override
        public int read() throws IOException {
            pause(slow.pause());
            return super.read();
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            pause(slow.pause());
            return super.read(into, offset, Math.min(length, slow.piece()));
        }
    }

    private static final class SlowOutput extends OutputStream {
        private final OutputStream out;
        private final Fault.Slow slow;

        SlowOutput(OutputStream out, Fault.Slow slow) {
            this.out = out;
            this.slow = slow;
        }

        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            for (int done = 0; done < length; done += slow.piece()) {
                pause(slow.pause());
                out.write(bytes, offset + done, Math.min(slow.piece(), length - done));
                out.flush();
            }
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }

    private final class BrokenOutput extends OutputStream {
        private final OutputStream out;
        private long left;

        BrokenOutput(OutputStream out, long after) {
            this.out = out;
            this.left = after;
        }

        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            int part = (int) Math.min(left, length);
            out.write(bytes, offset, part);
            left -= part;
            if (part < length) {
                out.flush();
                abort();
                throw new IOException("broken off as ordered");
            }
        }

        @Override
        public void flush() throws IOException {
            out.flush();
        }

        @Override
        public void close() throws IOException {
            // Closing would end the body properly; a body that was to break never ends.
            if (left > 0) {
                out.close();
            } else {
                abort();
            }
        }
    }
}
