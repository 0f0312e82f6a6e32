package io.armrunner.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Runs git on the user's repository without changing it: no lock is taken for the sake of a fresher
 * index, nothing is asked, no monitor is started. Any thread.
 */
final class LocalGit {
    /** Adding the files of a large project may take minutes on a slow disk. */
    private static final Duration LIMIT = Duration.ofMinutes(10);

    /** What git hooks set for the commands they start; a job is not one of those. */
    private static final List<String> OF_A_REPOSITORY =
            List.of(
                    "GIT_DIR",
                    "GIT_WORK_TREE",
                    "GIT_INDEX_FILE",
                    "GIT_OBJECT_DIRECTORY",
                    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                    "GIT_COMMON_DIR",
                    "GIT_NAMESPACE",
                    "GIT_PREFIX",
                    "GIT_CEILING_DIRECTORIES");

    private final Map<String, String> environment;

    /** What a git process said. */
    record Answer(int status, String text, String complaint) {
        /** The parts between NULs, without an empty last one. */
        List<String> parts() {
            List<String> parts = new ArrayList<>(List.of(text.split("\0", -1)));
            if (parts.getLast().isEmpty()) {
                parts.removeLast();
            }
            return parts;
        }
    }

    LocalGit(Map<String, String> environment) {
        Map<String, String> own = new HashMap<>(environment);
        OF_A_REPOSITORY.forEach(own::remove);
        this.environment = Map.copyOf(own);
    }

    /** The environment without what belongs to one repository. */
    Map<String, String> environment() {
        return environment;
    }

    /** Runs git in a directory and gives what it says, whatever its status. */
    Answer ask(Path directory, Map<String, String> more, List<String> arguments)
            throws IOException, InterruptedException {
        List<String> argv =
                new ArrayList<>(
                        List.of("git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false"));
        argv.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(argv).directory(directory.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        builder.environment().put("GIT_OPTIONAL_LOCKS", "0");
        builder.environment().put("GIT_TERMINAL_PROMPT", "0");
        builder.environment().put("LC_ALL", "C");
        builder.environment().putAll(more);
        Process process = builder.start();
        try {
            process.getOutputStream().close();
            List<byte[]> complaint = new ArrayList<>();
            Thread reader =
                    Thread.ofVirtual()
                            .name("git-complaints-" + process.pid())
                            .start(() -> complaint.add(complaints(process.getErrorStream())));
            byte[] output = process.getInputStream().readAllBytes();
            if (!process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException(
                        "git %s in %s took longer than %d min"
                                .formatted(arguments.getFirst(), directory, LIMIT.toMinutes()));
            }
            reader.join();
            return new Answer(
                    process.exitValue(),
                    new String(output, StandardCharsets.UTF_8),
                    new String(complaint.getFirst(), StandardCharsets.UTF_8).strip());
        } finally {
            process.destroyForcibly();
        }
    }

    /** Runs git, which must succeed. */
    Answer run(Path directory, Map<String, String> more, List<String> arguments)
            throws IOException, InterruptedException {
        Answer answer = ask(directory, more, arguments);
        if (answer.status() != 0) {
            throw new IOException(
                    "git %s in %s failed with status %d: %s"
                            .formatted(
                                    arguments.getFirst(),
                                    directory,
                                    answer.status(),
                                    answer.complaint()));
        }
        return answer;
    }

    private static byte[] complaints(InputStream stream) {
        try {
            return stream.readAllBytes();
        } catch (IOException e) {
            return ("its error output could not be read: " + e).getBytes(StandardCharsets.UTF_8);
        }
    }
}
