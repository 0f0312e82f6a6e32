package io.armrunner.http;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * A body that one blocking thread writes and the library sends: a write waits until the connection
 * asks for more.
 *
 * <p>Memory is bounded by {@link BodyPieces}, and all of that is used only when the peer reads more
 * slowly than the writer writes.
 */
final class BodyOutput extends OutputStream implements Publisher<ByteBuf>, Subscription {
    private final Semaphore demand = new Semaphore(0);
    private final CountDownLatch subscribed = new CountDownLatch(1);
    private final Duration silence;
    private final Consumer<BodyOutput> onSubscribed;
    private volatile @Nullable Subscriber<? super ByteBuf> subscriber;
    private volatile @Nullable Throwable broken;
    private final BodyPieces pieces = new BodyPieces();
    private @Nullable ByteBuf piece;
    private boolean closed;

    /**
     * @param silence how long the peer may refuse to take a piece
     * @param onSubscribed called once, when the library begins to send
     */
    BodyOutput(Duration silence, Consumer<BodyOutput> onSubscribed) {
        this.silence = silence;
        this.onSubscribed = onSubscribed;
    }

    @Override
    public void subscribe(Subscriber<? super ByteBuf> target) {
        subscriber = target;
        target.onSubscribe(this);
        subscribed.countDown();
        onSubscribed.accept(this);
    }

    @Override
    public void request(long count) {
        // A semaphore counts to 2^31: "without bound" is as good as a million here.
        demand.release((int) Math.min(count, 1_000_000));
    }

    @Override
    public void cancel() {
        fail(new IOException("the connection was closed"));
    }

    /** Makes the writer's next call fail. Called by any thread. */
    void fail(Throwable cause) {
        broken = cause;
        subscribed.countDown();
        demand.release();
        pieces.wake();
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        if (closed) {
            throw new IOException("the body is closed");
        }
        int from = offset;
        int left = length;
        while (left > 0) {
            ByteBuf filling = piece;
            if (filling == null) {
                filling = pieces.take(silence);
                piece = filling;
                checkBroken();
            }
            int count = Math.min(left, filling.writableBytes());
            filling.writeBytes(bytes, from, count);
            from += count;
            left -= count;
            if (!filling.isWritable()) {
                emit();
            }
        }
    }

    @Override
    public void flush() throws IOException {
        emit();
    }

    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        try {
            emit();
        } finally {
            end();
        }
        Subscriber<? super ByteBuf> target = await();
        target.onComplete();
    }

    /**
     * Ends the body with an error: the peer sees a broken transfer, never a short one that looks
     * whole.
     */
    void abort(Throwable cause) {
        end();
        Subscriber<? super ByteBuf> target = subscriber;
        if (target != null && broken == null) {
            target.onError(cause);
        }
    }

    private void end() {
        closed = true;
        ByteBuf unsent = piece;
        piece = null;
        if (unsent != null) {
            unsent.release();
        }
        pieces.close();
    }

    private void emit() throws IOException {
        ByteBuf out = piece;
        if (out == null) {
            return;
        }
        Subscriber<? super ByteBuf> target = await();
        try {
            if (!demand.tryAcquire(silence.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new IOException("the peer took no byte of the body within " + silence);
            }
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
        checkBroken();
        piece = null;
        target.onNext(out);
    }

    private Subscriber<? super ByteBuf> await() throws IOException {
        try {
            if (!subscribed.await(silence.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new IOException("the connection took no body within " + silence);
            }
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
        checkBroken();
        return Objects.requireNonNull(subscriber);
    }

    private void checkBroken() throws IOException {
        Throwable cause = broken;
        if (cause != null) {
            throw new IOException("the body was not taken: " + cause.getMessage(), cause);
        }
    }

    static InterruptedIOException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        InterruptedIOException interrupted =
                new InterruptedIOException("interrupted while sending a body");
        interrupted.initCause(cause);
        return interrupted;
    }
}
