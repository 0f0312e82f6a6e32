package io.armrunner.codebuild.fake;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.armrunner.process.ProcessGroup;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * Runs the commands for real: one shell for a phase, in a process group of its own, which gets
 * SIGKILL without a warning when the build is stopped.
 */
public final class ShellWork implements BuildWork {
    private final List<String> entrance;

    /** Runs them in this system. */
    public ShellWork() {
        this(List.of());
    }

    /**
     * Runs them in another system.
     *
     * @param entrance the words of a command that runs its further words there, in the same
     *     directory; empty for this system
     */
    public ShellWork(List<String> entrance) {
        this.entrance = List.copyOf(entrance);
    }

    @Override
    public int run(Step step) throws IOException, InterruptedException {
        Path script = Files.createTempFile(step.root(), "script-", ".sh");
        Files.writeString(script, script(step.commands()), UTF_8);
        ProcessBuilder builder =
                new ProcessBuilder(words(step, script))
                        .directory(step.sources().toFile())
                        .redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().putAll(step.environment());
        Process process = builder.start();
        process.getOutputStream().close();
        CompletableFuture<Void> killing =
                step.killed()
                        .thenRunAsync(
                                () -> kill(process),
                                Thread.ofVirtual().name("codebuild-kill")::start);
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                step.output().accept(line);
            }
            return process.waitFor();
        } finally {
            // What a command left running dies with the container.
            kill(process);
            killing.cancel(false);
        }
    }

    private List<String> words(Step step, Path script) {
        List<String> words = new ArrayList<>(List.of("setsid"));
        words.addAll(entrance);
        words.addAll(List.of(step.shell(), script.toString()));
        return words;
    }

    /** Stops at the first command that fails, and shows the source of each, as CodeBuild does. */
    static String script(List<String> commands) {
        StringBuilder text = new StringBuilder();
        for (String command : commands) {
            text.append("printf '[Container] Running command %s\\n' ")
                    .append(quoted(command))
                    .append('\n')
                    .append(command)
                    .append("\nstatus=$?; [ \"$status\" = 0 ] || exit \"$status\"\n");
        }
        return text.toString();
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }

    private static void kill(Process process) {
        // The container dies, so does what a command put into a session of its own.
        List<Long> groups =
                Stream.concat(process.descendants(), Stream.of(process.toHandle()))
                        .map(ProcessHandle::pid)
                        .toList();
        try {
            for (long group : groups) {
                ProcessGroup.signal(group, ProcessGroup.Signal.KILL);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
