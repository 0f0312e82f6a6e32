package io.armrunner.coordinator;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Runs git with the coordinator's environment and without touching any repository's configuration.
 */
final class GitCommand {
    /**
     * Looking one commit up is a matter of milliseconds; a repository on a dead mount would block
     * for ever.
     */
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final Map<String, String> environment;

    GitCommand(Map<String, String> environment) {
        this.environment = environment;
    }

    /**
     * A process that serves one git request. {@code safe.directory}: the files may belong to
     * another user than the coordinator's, as in a container; whoever added the project trusts it.
     */
    ProcessBuilder serving(List<String> arguments, String gitProtocol) {
        List<String> argv =
                new ArrayList<>(
                        List.of(
                                "git",
                                "-c",
                                "safe.directory=*",
                                "-c",
                                "uploadpack.allowAnySHA1InWant=true",
                                "-c",
                                "uploadpack.allowFilter=true",
                                "-c",
                                "receive.denyCurrentBranch=refuse",
                                "-c",
                                "gc.auto=0",
                                "-c",
                                "receive.autogc=false"));
        argv.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(argv);
        builder.environment().clear();
        builder.environment().putAll(environment);
        if (!gitProtocol.isEmpty()) {
            builder.environment().put("GIT_PROTOCOL", gitProtocol);
        }
        return builder;
    }

    /** What a short command prints, without the line's end. */
    String output(Path repository, String... arguments) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of("-C", repository.toString()));
        all.addAll(List.of(arguments));
        Process process = serving(all, "").redirectErrorStream(true).start();
        try {
            process.getOutputStream().close();
            String printed =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                            .strip();
            if (!process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException(
                        "git " + arguments[0] + " in " + repository + " took longer than " + LIMIT);
            }
            if (process.exitValue() != 0) {
                throw new IOException(
                        "git %s in %s failed with status %d: %s"
                                .formatted(
                                        String.join(" ", arguments),
                                        repository,
                                        process.exitValue(),
                                        printed));
            }
            return printed;
        } finally {
            process.destroyForcibly();
        }
    }
}
