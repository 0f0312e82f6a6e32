package io.armrunner.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Work on a virtual thread of its own, whose result somebody waits for. */
final class SideBySide<T> {
    private final FutureTask<T> task;

    private SideBySide(FutureTask<T> task) {
        this.task = task;
    }

    static <T> SideBySide<T> start(String name, Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.ofVirtual().name(name).start(task);
        return new SideBySide<>(task);
    }

    /** Waits for it; what the work threw is thrown here. */
    T result() throws IOException, InterruptedException {
        try {
            return task.get();
        } catch (ExecutionException e) {
            throw failure(e);
        }
    }

    /** Waits for it, also when told to stop: what the work made must be closed. */
    T resultToClose() throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException _) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw failure(e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static IOException failure(ExecutionException e) {
        return switch (e.getCause()) {
            case IOException failure -> failure;
            case RuntimeException failure -> throw failure;
            case Error failure -> throw failure;
            case null, default -> throw new IllegalStateException(e.getCause());
        };
    }
}
