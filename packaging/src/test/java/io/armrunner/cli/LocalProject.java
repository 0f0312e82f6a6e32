package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A directory of a user's, with what a test says, and what must not change in it. */
final class LocalProject {
    private static final long LIMIT_SECONDS = 60;

    private final Path base;
    private final Path root;

    /**
     * In {@code base/app}; temporary files go to {@code base/tmp}, the home is {@code base/home}.
     */
    LocalProject(Path base) throws IOException {
        this(base, base.resolve("app"));
    }

    private LocalProject(Path base, Path root) throws IOException {
        this.base = base;
        this.root = Files.createDirectories(root);
        Files.createDirectories(base.resolve("tmp"));
        Files.createDirectories(base.resolve("home"));
    }

    /** Another directory with the same surroundings. */
    LocalProject at(Path other) throws IOException {
        return new LocalProject(base, other);
    }

    Path root() {
        return root;
    }

    /** Where all temporary files of a run must be and vanish. */
    Path temporary() {
        return base.resolve("tmp");
    }

    Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>();
        environment.put(
                "PATH",
                Optional.ofNullable(System.getenv("PATH")).orElse("/usr/local/bin:/usr/bin:/bin"));
        environment.put("HOME", base.resolve("home").toString());
        environment.put("TMPDIR", temporary().toString());
        environment.put("GIT_CONFIG_NOSYSTEM", "1");
        environment.put("GIT_AUTHOR_NAME", "Ada");
        environment.put("GIT_AUTHOR_EMAIL", "ada@example.com");
        environment.put("GIT_COMMITTER_NAME", "Ada");
        environment.put("GIT_COMMITTER_EMAIL", "ada@example.com");
        return environment;
    }

    LocalProject write(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.resolveSibling("."));
        Files.writeString(path, text, StandardCharsets.UTF_8);
        return this;
    }

    /** The pipeline's file. */
    LocalProject pipeline(String yaml) throws IOException {
        return write(".gitlab-ci.yml", yaml);
    }

    /** Commits all that is there, in a new repository if need be. */
    LocalProject commit(String message) throws IOException, InterruptedException {
        if (!Files.exists(root.resolve(".git"))) {
            git("init", "-q", "-b", "main");
        }
        git("add", "-A");
        git("commit", "-q", "-m", message);
        return this;
    }

    String git(String... words) throws IOException, InterruptedException {
        List<String> argv = new ArrayList<>(List.of("git"));
        argv.addAll(List.of(words));
        ProcessBuilder builder =
                new ProcessBuilder(argv).directory(root.toFile()).redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().putAll(environment());
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as("git %s: %s", List.of(words), output).isZero();
        return output.strip();
    }

    /** What a run of {@code exec} gave. */
    record Run(int status, String out, String err) {}

    /** Runs {@code exec} here, with more in its environment. */
    Run exec(Map<String, String> more, String... words) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        Map<String, String> environment = new HashMap<>(environment());
        environment.putAll(more);
        Surroundings surroundings =
                new Surroundings(
                        new PrintWriter(out, true),
                        new PrintWriter(err, true),
                        new BufferedReader(new StringReader("")),
                        false,
                        environment,
                        root,
                        base.resolve("home"),
                        false,
                        () -> "board-7",
                        InstantSource.system());
        List<String> all = new ArrayList<>(List.of("exec"));
        all.addAll(List.of(words));
        int status =
                new Main(
                                surroundings,
                                Map.of(
                                        "exec",
                                        () ->
                                                new ExecCommand(
                                                        new ExecService(
                                                                surroundings, () -> false))))
                        .run(all.toArray(String[]::new));
        return new Run(status, out.toString(), err.toString());
    }

    /**
     * Every file below the root with its contents and time, {@code .git} included; objects without
     * their time, which git itself renews when it would write what is there already.
     */
    Map<String, String> everything() throws IOException {
        Map<String, String> found = new HashMap<>();
        try (Stream<Path> all = Files.walk(root)) {
            for (Path path : all.toList()) {
                String content =
                        Files.isRegularFile(path)
                                ? new String(Files.readAllBytes(path), StandardCharsets.ISO_8859_1)
                                : "";
                String name = root.relativize(path).toString();
                boolean object = name.startsWith(".git/objects/") && Files.isRegularFile(path);
                found.put(name, (object ? "" : Files.getLastModifiedTime(path) + " ") + content);
            }
        }
        return found;
    }

    /** What a run left in the directory for temporary files. */
    List<String> leftovers() throws IOException {
        try (Stream<Path> all = Files.list(temporary())) {
            return all.map(path -> path.getFileName().toString()).toList();
        }
    }
}
