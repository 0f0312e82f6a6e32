package io.armrunner.process;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/**
 * Waits for the ends of all processes that {@link Posix#spawn} has started, on one thread: a thread
 * for each, as the JDK has them, takes 90 kB. There is one in a process, because a process has one
 * list of children. Thread-safe.
 */
final class Reaper {
    static final Reaper PROCESS = new Reaper(Posix.library());

    /** How long the JDK may take to see the end of a child of its own. */
    private static final Duration SOMEBODY_ELSES = Duration.ofMillis(1);

    private static final int STACK = 128 * 1024;

    private final Posix library;
    private final Map<Long, Runnable> watched = new ConcurrentHashMap<>();
    private final Semaphore more = new Semaphore(0);

    private Reaper(Posix library) {
        this.library = library;
        Thread.ofPlatform().daemon().name("reaper").stackSize(STACK).start(this::reap);
    }

    /** Calls back, on the reaper's thread, when this child has ended. */
    void watch(long pid, Runnable ended) {
        watched.put(pid, ended);
        more.release();
    }

    private void reap() {
        try {
            while (true) {
                if (watched.isEmpty()) {
                    // Without a child of ours there is nothing to wait for.
                    more.acquire();
                    more.drainPermits();
                    continue;
                }
                long pid = library.awaitEnd();
                Runnable ended = watched.remove(pid);
                if (ended == null) {
                    // The JDK's, or one that is about to be watched.
                    Thread.sleep(SOMEBODY_ELSES);
                } else {
                    library.reap(pid);
                    ended.run();
                }
            }
        } catch (InterruptedException _) {
            // Nobody can reach this thread: it is as old as the process.
            Thread.currentThread().interrupt();
        }
    }
}
