package io.armrunner.files;

import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads on which all jobs of the process compress and decompress: as many as there are cores,
 * and none while nobody packs. Thread-safe; opened once, closed when no job is left.
 *
 * <p>They are threads of the system and no virtual ones: compressing never waits, and would keep
 * the threads that carry virtual ones from everything else.
 */
public final class PackingThreads implements AutoCloseable {
    // Long enough for the next artifact of a job, short enough to cost an idle runner nothing.
    private static final long IDLE_SECONDS = 5;

    private final int parallelism;
    private final boolean systemLibrary;
    private final ThreadPoolExecutor pool;

    /** Threads that use the system's library for deflate where there is one. */
    public PackingThreads(int parallelism) {
        this(parallelism, true);
    }

    /**
     * @param systemLibrary whether to use the system's library for deflate if there is one; if not,
     *     the JDK's does it all
     */
    public PackingThreads(int parallelism, boolean systemLibrary) {
        this.parallelism = parallelism;
        this.systemLibrary = systemLibrary;
        AtomicInteger number = new AtomicInteger();
        pool =
                new ThreadPoolExecutor(
                        parallelism,
                        parallelism,
                        IDLE_SECONDS,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(),
                        work ->
                                Thread.ofPlatform()
                                        .name("packing-" + number.incrementAndGet())
                                        .daemon()
                                        .unstarted(work));
        pool.allowCoreThreadTimeOut(true);
    }

    /** How much runs at once. */
    int parallelism() {
        return parallelism;
    }

    /** What is faster than the JDK at whole buffers, if the system has it. */
    Optional<Libdeflate> library() {
        return systemLibrary ? Libdeflate.installed() : Optional.empty();
    }

    <T> Future<T> submit(Callable<T> work) {
        return pool.submit(work);
    }

    /** Takes work back; says whether it had not begun. */
    boolean withdraw(Future<?> work) {
        return work instanceof Runnable queued && pool.remove(queued);
    }

    @Override
    public void close() {
        pool.shutdownNow();
    }
}
