package io.armrunner.cli;

import io.armrunner.codebuild.fake.BuildWork;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What goes on in builds, without a JVM for each: the agent itself, on the build's thread. Its jobs
 * are processes as ever.
 */
final class AgentThreads implements BuildWork {
    private final AtomicReference<CompletableFuture<Void>> gate =
            new AtomicReference<>(CompletableFuture.completedFuture(null));

    /** Agents that come from now on wait. */
    void hold() {
        gate.set(new CompletableFuture<>());
    }

    /** Those that wait go on. */
    void go() {
        gate.get().complete(null);
    }

    @Override
    public int run(Step step) throws IOException, InterruptedException {
        Thread agent = Thread.currentThread();
        CompletableFuture<Void> killing = step.killed().thenRun(agent::interrupt);
        try {
            gate.get().join();
            return AgentMain.run(step.environment());
        } finally {
            boolean _ = killing.cancel(false);
        }
    }
}
