package io.armrunner.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** Asks git which files it does not track, those it is told to ignore included. */
final class UntrackedFiles {
    // git reads every directory of the working copy: minutes at most, on the slowest disk.
    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final int MESSAGE = 4096;

    private final Map<String, String> environment;

    /**
     * @param environment of the git process; needs {@code PATH}
     */
    UntrackedFiles(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    /**
     * Their paths, relative to the project directory.
     *
     * @throws IOException when git could not tell, with what it said
     */
    List<String> list(Path project) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(
                        "git",
                        // The job wrote this repository's configuration: nothing of it is run.
                        "-c",
                        "core.fsmonitor=false",
                        "-c",
                        "core.hooksPath=/dev/null",
                        "-c",
                        "safe.directory=" + project,
                        "ls-files",
                        "-o",
                        "-z");
        builder.directory(project.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process git = builder.start();
        try {
            git.getOutputStream().close();
            AtomicReference<String> said = new AtomicReference<>("");
            Thread errors =
                    Thread.ofVirtual()
                            .name("git-ls-files-errors")
                            .start(() -> said.set(message(git)));
            Thread guard =
                    Thread.ofVirtual().name("git-ls-files-limit").start(() -> endInTime(git));
            List<String> paths;
            try (InputStream out = git.getInputStream()) {
                paths = split(out);
            }
            int status = git.waitFor();
            guard.interrupt();
            errors.join(Duration.ofSeconds(5));
            if (status != 0) {
                throw new IOException(
                        "git ls-files ended with %d: %s".formatted(status, said.get().strip()));
            }
            return paths;
        } finally {
            git.destroyForcibly();
        }
    }

    private static void endInTime(Process git) {
        try {
            if (!git.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                git.destroyForcibly();
            }
        } catch (InterruptedException e) {
            // git has ended: there is nothing to guard any more.
            Thread.currentThread().interrupt();
        }
    }

    private static String message(Process git) {
        try (InputStream errors = git.getErrorStream()) {
            String text = new String(errors.readNBytes(MESSAGE), UTF_8);
            errors.transferTo(java.io.OutputStream.nullOutputStream());
            return text;
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static List<String> split(InputStream out) throws IOException {
        List<String> paths = new ArrayList<>();
        ByteArrayOutputStream path = new ByteArrayOutputStream();
        byte[] piece = new byte[8192];
        for (int n = out.read(piece); n >= 0; n = out.read(piece)) {
            int from = 0;
            for (int i = 0; i < n; i++) {
                if (piece[i] == 0) {
                    path.write(piece, from, i - from);
                    paths.add(path.toString(UTF_8));
                    path.reset();
                    from = i + 1;
                }
            }
            path.write(piece, from, n - from);
        }
        return paths;
    }
}
