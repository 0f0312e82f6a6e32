package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.testing.CoordinatorExtension;
import io.armrunner.testing.TestRepository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The program as a user starts it: the built distribution where that is newer than the classes,
 * else the same launcher with the class path of the tests. What it prints goes into a file.
 */
record RunnerProcess(Process process, Path output) implements AutoCloseable {
    // An emulated machine takes 20 s to start a JVM.
    static final Duration LIMIT = Duration.ofSeconds(100);

    /** A GitLab that holds no request for long and hears of a job each second. */
    static CoordinatorExtension gitlab() {
        return new CoordinatorExtension(settings ->
                settings.withLongPoll(Duration.ofSeconds(2))
                        .withUpdateInterval(Duration.ofSeconds(1)));
    }

    /** Starts {@code armrunner words…} in {@code directory}. */
    static RunnerProcess start(Path directory, Map<String, String> variables, String... words)
            throws IOException {
        return start(directory, variables, List.of(), words);
    }

    /** The same by another program, which gets the command as its last arguments and becomes it. */
    static RunnerProcess start(
            Path directory, Map<String, String> variables, List<String> by, String... words)
            throws IOException {
        List<String> argv = new ArrayList<>(by);
        argv.add(launcher(directory).toString());
        argv.addAll(List.of(words));
        Path output = Files.createTempFile(directory, "output-", ".log");
        ProcessBuilder builder =
                new ProcessBuilder(argv)
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                        .redirectOutput(output.toFile());
        builder.environment().clear();
        builder.environment().putAll(TestRepository.environment());
        builder.environment().put("HOME", directory.toString());
        builder.environment()
                .put(
                        "ARMRUNNER_JAVA",
                        Path.of(System.getProperty("java.home"), "bin/java").toString());
        builder.environment().putAll(variables);
        synchronized (RunnerProcess.class) {
            return new RunnerProcess(builder.start(), output);
        }
    }

    // Written once, and while no other test's process is being started: a program that any process
    // has open for writing can't be started.
    private static synchronized Path launcher(Path directory) throws IOException {
        Path built = Path.of("target", "armrunner", "bin", "armrunner").toAbsolutePath();
        if (Files.isExecutable(built)
                && !isNewer(Path.of("..", "runner-core"), built)
                && !isNewer(Path.of("..", "executor-local"), built)
                && !isNewer(Path.of("..", "executor-codebuild"), built)
                && !isNewer(Path.of("."), built)) {
            return built;
        }
        Path launcher =
                Files.createDirectories(directory.resolve("program/bin")).resolve("armrunner");
        if (Files.exists(launcher)) {
            return launcher;
        }
        String classPath =
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path", ""));
        Files.writeString(
                launcher,
                Files.readString(Path.of("src/dist/armrunner.sh"))
                        .replace("@CLASS_PATH@", classPath));
        Files.createDirectories(directory.resolve("program/lib"));
        Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
        return launcher;
    }

    private static boolean isNewer(Path module, Path file) throws IOException {
        FileTime built = Files.getLastModifiedTime(file);
        try (Stream<Path> sources = Files.walk(module.resolve("src/main"))) {
            for (Path source : (Iterable<Path>) sources::iterator) {
                if (Files.isRegularFile(source)
                        && Files.getLastModifiedTime(source).compareTo(built) > 0) {
                    return true;
                }
            }
        }
        return false;
    }

    /** All that it has printed. */
    String printed() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Waits until it has printed {@code text}. */
    void awaitPrinted(String text) {
        await("it prints " + text)
                .atMost(LIMIT)
                .until(() -> {
                    if (!process.isAlive() && !printed().contains(text)) {
                        throw new IllegalStateException("it ended: " + printed());
                    }
                    return printed().contains(text);
                });
    }

    /** Sends it a signal, such as {@code TERM}. */
    void signal(String name) throws IOException, InterruptedException {
        Process kill =
                new ProcessBuilder("sh", "-c", "kill -s " + name + " " + process.pid())
                        .inheritIO()
                        .start();
        assertThat(kill.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(kill.exitValue()).as("kill -s " + name).isZero();
    }

    /** Waits for its end; its exit code. */
    int exitCode() throws InterruptedException {
        assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).as(printed()).isTrue();
        return process.exitValue();
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        try {
            process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
