package io.armrunner.codebuild.lane;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Runs git on the runner's machine for one job's relayed sources. Used on the job's thread. */
final class RelayGit {
    private final Map<String, String> environment;
    private final Path sources;
    private final Duration limit;

    /**
     * @param environment git's whole environment, as it is when git is started
     * @param sources a directory; what git says is kept beside it as long as it runs
     * @param limit for each call
     */
    RelayGit(Map<String, String> environment, Path sources, Duration limit) {
        this.environment = environment;
        this.sources = sources;
        this.limit = limit;
    }

    /** How a call ended. */
    record Ended(int code, String output, String errors) {}

    /** A call that has to succeed. */
    void must(Path where, List<String> words) throws JobFailure, IOException, InterruptedException {
        Ended ended = run(where, words);
        if (ended.code() != 0) {
            throw failed(
                    "the runner could not fetch the sources for the build: git %s: %s"
                            .formatted(words.getFirst(), ended.errors().strip()));
        }
    }

    /** What a call says if it succeeds. */
    Optional<String> tried(Path where, List<String> words)
            throws JobFailure, IOException, InterruptedException {
        Ended ended = run(where, words);
        return ended.code() == 0 ? Optional.of(ended.output()) : Optional.empty();
    }

    /**
     * A call.
     *
     * @throws JobFailure if it takes too long
     */
    Ended run(Path where, List<String> words) throws JobFailure, IOException, InterruptedException {
        Path output = sources.resolveSibling("relay-git.out");
        Path errors = sources.resolveSibling("relay-git.err");
        List<String> command = new ArrayList<>(List.of("git", "-C", where.toString()));
        command.addAll(words);
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectError(errors.toFile())
                        .redirectOutput(output.toFile())
                        .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process git = builder.start();
        try {
            if (!git.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw failed(
                        "the runner could not fetch the sources for the build within %d s"
                                .formatted(limit.toSeconds()));
            }
            return new Ended(
                    git.exitValue(),
                    Files.readString(output, UTF_8),
                    Files.readString(errors, UTF_8));
        } finally {
            git.descendants().forEach(ProcessHandle::destroyForcibly);
            git.destroyForcibly();
            Files.deleteIfExists(output);
            Files.deleteIfExists(errors);
        }
    }

    /** A job that ends because its sources cannot be had. */
    static JobFailure failed(String why) {
        return new JobFailure(FailureReason.RUNNER_SYSTEM_FAILURE, why);
    }
}
