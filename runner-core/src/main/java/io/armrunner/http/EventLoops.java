package io.armrunner.http;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.time.Duration;
import reactor.netty.resources.LoopResources;

/**
 * The few threads that move bytes for the client and all servers of a process: epoll where it is
 * there, else NIO.
 *
 * <p>One for a process; whoever opened it closes it, after the clients and servers on it. Nothing
 * may block on these threads, whose names begin with {@code http-}.
 */
public final class EventLoops implements AutoCloseable {
    // Long enough for the last replies, short enough for a stop that a person waits for.
    private static final Duration CLOSING = Duration.ofSeconds(5);

    // A pool keeps megabytes for a manager that is idle most of the time; what it would save is
    // small beside a job.
    static final ByteBufAllocator ALLOCATOR = UnpooledByteBufAllocator.DEFAULT;

    private final LoopResources resources;

    private EventLoops(LoopResources resources) {
        this.resources = resources;
    }

    /**
     * Opens the loops; the threads start with their first use.
     *
     * @param threads the number of threads; 1 moves several hundred megabytes a second
     */
    public static EventLoops open(int threads) {
        return new EventLoops(LoopResources.create("http", threads, true));
    }

    LoopResources resources() {
        return resources;
    }

    @Override
    public void close() {
        resources.disposeLater(Duration.ZERO, CLOSING).block(CLOSING.plus(CLOSING));
    }
}
