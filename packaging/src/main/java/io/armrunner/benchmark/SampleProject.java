package io.armrunner.benchmark;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A small repository for jobs to check out: a few files, two commits. */
final class SampleProject {
    private static final long GIT_LIMIT_SECONDS = 60;

    private SampleProject() {}

    /** Makes it below {@code directory} and gives its place. */
    static Path make(Path directory, Map<String, String> environment)
            throws IOException, InterruptedException {
        Path work = Files.createDirectories(directory.resolve("sources/src/deep"));
        Path top = directory.resolve("sources");
        Files.writeString(
                top.resolve("handler.py"), "def handler(event, context):\n    return 'ok'\n");
        Files.writeString(top.resolve(".gitignore"), "out/\n");
        git(top, environment, "init", "-q", "-b", "main");
        commit(top, environment, "first");
        Files.writeString(work.resolve("b.txt"), "b\n");
        commit(top, environment, "second");
        return top;
    }

    private static void commit(Path top, Map<String, String> environment, String message)
            throws IOException, InterruptedException {
        git(top, environment, "add", "-A");
        git(
                top,
                environment,
                "-c",
                "user.name=benchmark",
                "-c",
                "user.email=benchmark@localhost",
                "commit",
                "-q",
                "-m",
                message);
    }

    static void git(Path directory, Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new java.util.ArrayList<>(List.of("git"));
        command.addAll(List.of(arguments));
        Path said = Files.createTempFile(directory, "git", ".log");
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(command)
                            .directory(directory.toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(said.toFile());
            builder.environment().clear();
            builder.environment().putAll(environment);
            builder.environment().put("GIT_CONFIG_GLOBAL", "/dev/null");
            Process process = builder.start();
            if (!process.waitFor(GIT_LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("git took longer than a minute: " + command);
            }
            if (process.exitValue() != 0) {
                throw new IOException(
                        "git failed: "
                                + command
                                + "\n"
                                + Files.readString(said, StandardCharsets.UTF_8));
            }
        } finally {
            Files.deleteIfExists(said);
        }
    }
}
