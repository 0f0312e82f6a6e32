package io.armrunner.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.armrunner.codebuild.fake.BuildWork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What goes on in builds, without a JVM for each: the agent itself, on the build's thread. Its jobs
 * are processes as ever.
 */
final class AgentThreads implements BuildWork {
    private final AtomicReference<CompletableFuture<Boolean>> gate =
            new AtomicReference<>(CompletableFuture.completedFuture(true));

    /** Agents that come from now on wait. */
    void hold() {
        gate.set(new CompletableFuture<>());
    }

    /** Those that wait go on. */
    void go() {
        boolean _ = gate.get().complete(true);
    }

    @Override
    public int run(Step step) throws IOException, InterruptedException {
        Thread agent = Thread.currentThread();
        CompletableFuture<Void> killing = step.killed().thenRun(agent::interrupt);
        try {
            boolean _ = gate.get().join();
            return AgentMain.run(step.environment());
        } finally {
            boolean _ = killing.cancel(false);
            if (step.killed().isDone()) {
                killAll(step.root());
            }
        }
    }

    /** What the job has started goes with its container. */
    private static void killAll(Path root) {
        ProcessHandle.allProcesses()
                .filter(process -> isOf(root, process))
                .forEach(process -> {
                    boolean _ = process.destroyForcibly();
                });
    }

    /** A process of the job has its home there, one of the agent its working directory. */
    private static boolean isOf(Path root, ProcessHandle process) {
        Path its = Path.of("/proc", Long.toString(process.pid()));
        try {
            return Files.readSymbolicLink(its.resolve("cwd")).startsWith(root)
                    || Files.readString(its.resolve("environ"), ISO_8859_1)
                            .contains("HOME=" + root);
        } catch (IOException _) {
            // It has ended, or is somebody else's.
            return false;
        }
    }
}
