package io.armrunner.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;

/**
 * A body as it arrives, for a thread that blocks: never more than one piece is kept ahead of the
 * reader, so that a slow reader slows the sender down.
 *
 * <p>Written by an event loop, read by one thread; {@code pieces} is the only thing they share.
 */
final class BodyInput extends InputStream {
    private sealed interface Event {}

    private static final class Piece implements Event {
        private final byte[] bytes;

        Piece(byte[] bytes) {
            this.bytes = bytes;
        }
    }

    private record End() implements Event {}

    private record Broken(Throwable cause) implements Event {}

    // 146 years: half of what can be added without an overflow.
    private static final long WITHOUT_END = Long.MAX_VALUE / 2;

    private final LinkedBlockingQueue<Event> pieces = new LinkedBlockingQueue<>();
    private final Arrival arrival = new Arrival();
    private final long silenceNanos;
    private final long deadline;
    private byte[] current = new byte[0];
    private int position;
    private @Nullable Event last;

    /** A body whose peer may be silent for as long as {@code silence}. */
    BodyInput(Duration silence) {
        this(silence, System.nanoTime() + WITHOUT_END);
    }

    /**
     * The same, and the whole body must be there in time.
     *
     * @param deadline in terms of {@link System#nanoTime}
     */
    BodyInput(Duration silence, long deadline) {
        this.silenceNanos = silence.toNanos();
        this.deadline = deadline;
    }

    /** What is subscribed to the source. */
    BaseSubscriber<byte[]> subscriber() {
        return arrival;
    }

    /** Ends the body with an error, unless it ended before. Called by any thread. */
    void fail(Throwable cause) {
        pieces.add(new Broken(cause));
    }

    @Override
    public int read() throws IOException {
        return fill() ? current[position++] & 0xff : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        if (!fill()) {
            return -1;
        }
        int count = Math.min(length, current.length - position);
        System.arraycopy(current, position, target, offset, count);
        position += count;
        return count;
    }

    @Override
    public int available() {
        return current.length - position;
    }

    /** Stops the transfer; a body not read to its end costs its connection. */
    @Override
    public void close() {
        arrival.cancel();
    }

    private boolean fill() throws IOException {
        while (position == current.length) {
            Event event = last == null ? next() : last;
            switch (event) {
                case Piece piece -> {
                    arrival.request(1);
                    current = piece.bytes;
                    position = 0;
                }
                case End _ -> {
                    last = event;
                    return false;
                }
                case Broken(Throwable cause) -> {
                    last = event;
                    throw new IOException("the body broke off: " + cause.getMessage(), cause);
                }
            }
        }
        return true;
    }

    private Event next() throws IOException {
        Event event;
        long left = Math.max(0, deadline - System.nanoTime());
        try {
            event = pieces.poll(Math.min(silenceNanos, left), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            arrival.cancel();
            Thread.currentThread().interrupt();
            InterruptedIOException interrupted =
                    new InterruptedIOException("interrupted while waiting for a body");
            interrupted.initCause(e);
            throw interrupted;
        }
        if (event == null) {
            arrival.cancel();
            throw new IOException(
                    left < silenceNanos
                            ? "the body was not complete when the time for the whole call was over"
                            : "no byte of the body arrived within "
                                    + Duration.ofNanos(silenceNanos));
        }
        return event;
    }

    private final class Arrival extends BaseSubscriber<byte[]> {
        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            // One piece ahead of the reader; each piece that it takes asks for one more.
            subscription.request(1);
        }

        @Override
        protected void hookOnNext(byte[] bytes) {
            pieces.add(new Piece(bytes));
        }

        @Override
        protected void hookOnComplete() {
            pieces.add(new End());
        }

        @Override
        protected void hookOnError(Throwable cause) {
            pieces.add(new Broken(cause));
        }
    }
}
