package io.armrunner.engine;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Runs something on a thread of its own and waits for it: the caller's stack and what libraries
 * keep for each thread stay small, which counts where a thousand threads then wait for hours.
 */
public final class Aside {
    private Aside() {}

    /** What is to be done. */
    @FunctionalInterface
    public interface Work<T> {
        T run() throws IOException, InterruptedException;
    }

    /**
     * Does it; an interrupt is passed on.
     *
     * @param name of the thread
     */
    public static <T> T run(String name, Work<T> work) throws IOException, InterruptedException {
        FutureTask<T> task = new FutureTask<>(work::run);
        Thread thread = Thread.ofVirtual().name(name).start(task);
        try {
            return task.get();
        } catch (InterruptedException e) {
            thread.interrupt();
            // It lets the interrupt out as all of our waits do.
            thread.join();
            throw e;
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException failure -> throw failure;
                case InterruptedException interrupt -> throw interrupt;
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                case null, default -> throw new IllegalStateException(e);
            }
        }
    }
}
