package io.armrunner.cli;

import io.armrunner.config.FileStamps;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Looks at the configuration's files and has them loaded when they have changed. Owns one virtual
 * thread, on which the loading runs.
 *
 * <p>It asks for the files' times instead of having the kernel tell it: that works for every file
 * system and every way to replace a file, and costs one system call for each file and look.
 */
final class ConfigWatch implements AutoCloseable {
    /** GitLab Runner looks every 3 s; this leaves a second for the loading. */
    static final Duration INTERVAL = Duration.ofSeconds(2);

    /** What is still being written has another time or size after this. */
    static final Duration SETTLING = Duration.ofMillis(200);

    private static final Duration END = Duration.ofSeconds(5);

    private final Supplier<Collection<Path>> files;
    private final Runnable load;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by the lock, as is the condition.
    private final Condition called = lock.newCondition();
    private boolean now;

    private ConfigWatch(Supplier<Collection<Path>> files, Runnable load, FileStamps loaded) {
        this.files = files;
        this.load = load;
        thread = Thread.ofVirtual().name("config-watch").unstarted(() -> watch(loaded));
    }

    /**
     * Begins to watch.
     *
     * @param files which files to look at; asked for before each look
     * @param load loads them, and says itself when that fails
     * @param loaded what the files were like just before they were last loaded
     */
    static ConfigWatch start(Supplier<Collection<Path>> files, Runnable load, FileStamps loaded) {
        ConfigWatch watch = new ConfigWatch(files, load, loaded);
        watch.thread.start();
        return watch;
    }

    /** Loads at once, changed or not. Returns before that is done. */
    void loadNow() {
        lock.lock();
        try {
            now = true;
            called.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void watch(FileStamps loaded) {
        FileStamps last = loaded;
        try {
            while (true) {
                boolean asked = pause(INTERVAL);
                FileStamps found = FileStamps.of(files.get());
                if (asked || !found.equals(last)) {
                    last = asked ? found : settled(found);
                    load.run();
                    // A load may have changed which files there are to look at.
                    last = last.forFilesOf(FileStamps.of(files.get()));
                }
            }
        } catch (InterruptedException _) {
            // Closed: there is nothing to undo.
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until nobody writes any more; a file that never rests is loaded as it is. */
    private FileStamps settled(FileStamps first) throws InterruptedException {
        FileStamps found = first;
        for (int look = 0; look < 3; look++) {
            Thread.sleep(SETTLING);
            FileStamps next = FileStamps.of(files.get());
            if (next.equals(found)) {
                return found;
            }
            found = next;
        }
        return found;
    }

    /** Waits for the next look; says whether it was asked for. */
    private boolean pause(Duration time) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = time.toNanos();
            while (!now && left > 0) {
                left = called.awaitNanos(left);
            }
            boolean asked = now;
            now = false;
            return asked;
        } finally {
            lock.unlock();
        }
    }

    /** Stops looking. A load that has begun is waited for, for a while. */
    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join(END);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
