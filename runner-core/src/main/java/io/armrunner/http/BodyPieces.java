package io.armrunner.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledDirectByteBuf;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * The memory of one body on its way: {@value #MOST} pieces of {@value #SIZE} bytes at most, outside
 * the heap so that nothing copies them again, each used anew once it was sent. So the writer of a
 * body that nobody reads waits after a megabyte, whatever the library would take.
 *
 * <p>One thread takes, any thread gives back. Closed when nothing more will be taken; what is still
 * on its way then is freed as it comes back.
 */
final class BodyPieces implements AutoCloseable {
    static final int SIZE = 64 * 1024;
    static final int MOST = 16;

    private static final ByteBufAllocator MEMORY = UnpooledByteBufAllocator.DEFAULT;

    private final Semaphore room = new Semaphore(MOST);
    // Guarded by itself, with `closed`.
    private final Deque<ByteBuf> free = new ArrayDeque<>();
    private boolean closed;

    /**
     * An empty piece; whoever releases it last gives it back.
     *
     * @throws IOException if none comes back for so long
     */
    ByteBuf take(Duration limit) throws IOException {
        try {
            if (!room.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new IOException("the peer took no byte of the body within " + limit);
            }
        } catch (InterruptedException e) {
            throw BodyOutput.interrupted(e);
        }
        ByteBuf memory;
        synchronized (free) {
            memory = free.poll();
        }
        return new Piece(memory == null ? MEMORY.directBuffer(SIZE, SIZE) : memory);
    }

    /** Lets a {@link #take} that waits go on. */
    void wake() {
        room.release();
    }

    private void back(ByteBuf memory) {
        synchronized (free) {
            if (closed) {
                memory.release();
            } else {
                free.push(memory);
            }
        }
        room.release();
    }

    @Override
    public void close() {
        synchronized (free) {
            closed = true;
            free.forEach(ByteBuf::release);
            free.clear();
        }
    }

    private final class Piece extends UnpooledDirectByteBuf {
        private final ByteBuf memory;

        Piece(ByteBuf memory) {
            super(MEMORY, memory.nioBuffer(0, SIZE), SIZE);
            this.memory = memory;
            clear();
        }

        @Override
        protected void deallocate() {
            super.deallocate();
            back(memory);
        }
    }
}
