package io.armrunner.process;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A process of a job: the leader of a session of its own, without input and output, that outlives
 * the runner.
 */
sealed interface ChildProcess {
    /**
     * Starts one.
     *
     * @param program looked for in the runner's PATH, and its arguments
     * @param environment all that it gets
     */
    static ChildProcess start(List<String> program, Map<String, String> environment)
            throws IOException {
        Posix library = Posix.library();
        return library.spawns()
                ? Spawned.start(library, program, environment)
                : Forked.start(program, environment);
    }

    /** Its number, which is that of its group too. */
    long pid();

    /** Whether it runs. */
    boolean isAlive();

    /**
     * Waits for its end.
     *
     * @return whether it has come
     */
    boolean waitFor(long nanoseconds) throws InterruptedException;

    /** Started by the C library: two programs less for each. */
    final class Spawned implements ChildProcess {
        private final long pid;
        private final CountDownLatch ended = new CountDownLatch(1);

        private Spawned(long pid) {
            this.pid = pid;
        }

        private static Spawned start(
                Posix library, List<String> program, Map<String, String> environment)
                throws IOException {
            Spawned child = new Spawned(library.spawn(program, environment));
            Reaper.PROCESS.watch(child.pid, child.ended::countDown);
            return child;
        }

        @Override
        public long pid() {
            return pid;
        }

        @Override
        public boolean isAlive() {
            return ended.getCount() > 0;
        }

        @Override
        public boolean waitFor(long nanoseconds) throws InterruptedException {
            return ended.await(nanoseconds, TimeUnit.NANOSECONDS);
        }
    }

    /** Started by the JDK, where the C library can't. */
    final class Forked implements ChildProcess {
        private final Process process;

        private Forked(Process process) {
            this.process = process;
        }

        static Forked start(List<String> program, Map<String, String> environment)
                throws IOException {
            List<String> words = new ArrayList<>(List.of("setsid"));
            words.addAll(program);
            ProcessBuilder builder =
                    new ProcessBuilder(words)
                            .redirectInput(
                                    ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .redirectError(ProcessBuilder.Redirect.DISCARD);
            builder.environment().clear();
            builder.environment().putAll(environment);
            return new Forked(builder.start());
        }

        @Override
        public long pid() {
            return process.pid();
        }

        @Override
        public boolean isAlive() {
            return process.isAlive();
        }

        @Override
        public boolean waitFor(long nanoseconds) throws InterruptedException {
            return process.waitFor(nanoseconds, TimeUnit.NANOSECONDS);
        }
    }
}
