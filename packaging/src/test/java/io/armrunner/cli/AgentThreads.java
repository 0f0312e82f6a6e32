package io.armrunner.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.armrunner.codebuild.fake.BuildWork;
import io.armrunner.trace.Bell;
import io.armrunner.trace.Ticker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What goes on in builds, without a JVM for each: the agent itself, on the build's thread. Its jobs
 * are processes as ever.
 */
final class AgentThreads implements BuildWork {
    private final Ticker ticker;
    private final AtomicReference<Semaphore> gate = new AtomicReference<>(new Semaphore(1));

    /** Agents whose time is the system's. */
    AgentThreads() {
        this(1);
    }

    /** Agents whose waits are so much shorter. */
    AgentThreads(int speed) {
        ticker =
                new Ticker() {
                    @Override
                    public Duration now() {
                        return Ticker.SYSTEM.now().multipliedBy(speed);
                    }

                    @Override
                    public boolean await(Bell bell, Duration limit) throws InterruptedException {
                        return Ticker.SYSTEM.await(bell, limit.dividedBy(speed));
                    }
                };
    }

    /** Agents that come from now on wait. */
    void hold() {
        gate.set(new Semaphore(0));
    }

    /** Those that wait go on. */
    void go() {
        gate.get().release();
    }

    @Override
    public int run(Step step) throws IOException, InterruptedException {
        Thread agent = Thread.currentThread();
        CompletableFuture<Void> killing = step.killed().thenRun(agent::interrupt);
        try {
            gate.get().acquire();
            gate.get().release();
            return AgentMain.run(step.environment(), ticker);
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
