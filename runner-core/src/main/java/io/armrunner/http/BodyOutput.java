package io.armrunner.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledHeapByteBuf;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
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
 * <p>Memory is bounded: {@value #MOST} pieces of 64 KiB are on their way at most, and that many only
 * when the peer reads more slowly than the writer writes. A piece that was sent is filled again.
 */
final class BodyOutput extends OutputStream implements Publisher<ByteBuf>, Subscription {
    private static final int PIECE = 64 * 1024;
    private static final int MOST = 16;

    private final Semaphore demand = new Semaphore(0);
    private final CountDownLatch subscribed = new CountDownLatch(1);
    private final Duration silence;
    private final Consumer<BodyOutput> onSubscribed;
    private volatile @Nullable Subscriber<? super ByteBuf> subscriber;
    private volatile @Nullable Throwable broken;
    private final Queue<byte[]> sent = new ConcurrentLinkedQueue<>();
    // The library asks for pieces by the dozen, more than we want to keep: these count what it has.
    private final Semaphore room = new Semaphore(MOST);
    private byte[] piece = new byte[0];
    private int filled;
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
        room.release();
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
            if (filled == piece.length) {
                emit();
                piece = emptyPiece();
            }
            int count = Math.min(left, piece.length - filled);
            System.arraycopy(bytes, from, piece, filled, count);
            filled += count;
            from += count;
            left -= count;
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
        emit();
        closed = true;
        Subscriber<? super ByteBuf> target = await();
        target.onComplete();
    }

    /**
     * Ends the body with an error: the peer sees a broken transfer, never a short one that looks
     * whole.
     */
    void abort(Throwable cause) {
        closed = true;
        Subscriber<? super ByteBuf> target = subscriber;
        if (target != null && broken == null) {
            target.onError(cause);
        }
    }

    private void emit() throws IOException {
        if (filled > 0) {
            Subscriber<? super ByteBuf> target = await();
            try {
                if (!demand.tryAcquire(silence.toNanos(), TimeUnit.NANOSECONDS)
                        || !room.tryAcquire(silence.toNanos(), TimeUnit.NANOSECONDS)) {
                    throw new IOException("the peer took no byte of the body within " + silence);
                }
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
            checkBroken();
            ByteBuf out = new Piece(piece, filled, this::sent);
            piece = new byte[0];
            filled = 0;
            target.onNext(out);
        }
    }

    private byte[] emptyPiece() {
        byte[] again = sent.poll();
        return again == null ? new byte[PIECE] : again;
    }

    private void sent(byte[] array) {
        sent.add(array);
        room.release();
    }

    /** Gives its array back once the library has let go of it. */
    private static final class Piece extends UnpooledHeapByteBuf {
        private final Consumer<byte[]> back;

        Piece(byte[] array, int length, Consumer<byte[]> back) {
            super(UnpooledByteBufAllocator.DEFAULT, array, array.length);
            this.back = back;
            setIndex(0, length);
        }

        @Override
        protected void freeArray(byte[] array) {
            back.accept(array);
        }
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

    private static InterruptedIOException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        InterruptedIOException interrupted =
                new InterruptedIOException("interrupted while sending a body");
        interrupted.initCause(cause);
        return interrupted;
    }
}
