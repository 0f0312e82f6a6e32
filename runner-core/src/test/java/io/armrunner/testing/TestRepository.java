package io.armrunner.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A real repository with a working tree, made by real git with a configuration of its own. */
public final class TestRepository {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final Path directory;

    private TestRepository(Path directory) {
        this.directory = directory;
    }

    /** A repository in {@code directory} with the branch {@code main} and one commit. */
    public static TestRepository create(Path directory) throws IOException, InterruptedException {
        Files.createDirectories(directory);
        TestRepository repository = new TestRepository(directory);
        repository.git("init", "--quiet", "--initial-branch=main");
        repository.commit("README.md", "first\n", "first");
        return repository;
    }

    /** The environment in which git sees no configuration but the repository's. */
    public static Map<String, String> environment() {
        return Map.of(
                "PATH", System.getenv().getOrDefault("PATH", "/usr/bin:/bin"),
                "HOME", "/nonexistent",
                "LC_ALL", "C",
                "GIT_CONFIG_NOSYSTEM", "1",
                "GIT_CONFIG_GLOBAL", "/dev/null",
                "GIT_TERMINAL_PROMPT", "0");
    }

    /** The working tree. */
    public Path directory() {
        return directory;
    }

    /** Writes a file and commits it; the commit's hash. */
    public String commit(String file, String content, String message)
            throws IOException, InterruptedException {
        Path path = directory.resolve(file);
        Path parent = path.getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        Files.writeString(path, content);
        git("add", "--", file);
        return commitStaged(message);
    }

    /** Commits what is staged; the commit's hash. */
    public String commitStaged(String message) throws IOException, InterruptedException {
        git("commit", "--quiet", "--allow-empty", "-m", message);
        return head();
    }

    /** The hash of {@code HEAD}. */
    public String head() throws IOException, InterruptedException {
        return git("rev-parse", "HEAD");
    }

    /** Makes a branch at {@code HEAD} and switches to it. */
    public void branch(String name) throws IOException, InterruptedException {
        git("switch", "--quiet", "-c", name);
    }

    /** Switches to a branch that is there. */
    public void checkout(String name) throws IOException, InterruptedException {
        git("switch", "--quiet", name);
    }

    /** Makes a tag with a message at {@code HEAD}. */
    public void tag(String name) throws IOException, InterruptedException {
        git("tag", "-a", name, "-m", name);
    }

    /** Adds another repository as a submodule whose address is {@code url}, and commits it. */
    public String submodule(TestRepository other, String url, String path)
            throws IOException, InterruptedException {
        git(
                "-c",
                "protocol.file.allow=always",
                "submodule",
                "--quiet",
                "add",
                other.directory.toString(),
                path);
        git("config", "--file", ".gitmodules", "submodule." + path + ".url", url);
        git("add", ".gitmodules");
        return commitStaged("Add " + path);
    }

    /** Runs git in the working tree; what it printed. */
    public String git(String... arguments) throws IOException, InterruptedException {
        return run(directory, arguments);
    }

    /** Runs git in {@code directory}; fails with what it printed when it fails. */
    public static String run(Path directory, String... arguments)
            throws IOException, InterruptedException {
        List<String> argv =
                new ArrayList<>(
                        List.of(
                                "git",
                                "-c",
                                "user.name=Dev",
                                "-c",
                                "user.email=dev@example.com",
                                // It would go on beside the test.
                                "-c",
                                "maintenance.auto=false"));
        argv.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(argv).directory(directory.toFile()).redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().putAll(environment());
        Process process = builder.start();
        try {
            process.getOutputStream().close();
            String printed =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                            .strip();
            if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                throw new IOException(
                        "git " + String.join(" ", arguments) + " took longer than " + LIMIT);
            }
            if (process.exitValue() != 0) {
                throw new IOException("git " + String.join(" ", arguments) + ": " + printed);
            }
            return printed;
        } finally {
            process.destroyForcibly();
        }
    }
}
