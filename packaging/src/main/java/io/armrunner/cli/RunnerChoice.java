package io.armrunner.cli;

import io.armrunner.config.RunnerConfig;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * Which runners of the file a command is about. No environment variables on purpose: {@code
 * CI_SERVER_TOKEN} set for {@code register} must not choose what {@code unregister} removes.
 */
final class RunnerChoice {
    @Option(
            names = {"-n", "--name"},
            paramLabel = "NAME",
            description = "The runner of this name.")
    private @Nullable String name;

    @Option(
            names = {"-u", "--url"},
            paramLabel = "URL",
            description = "The runners of this GitLab instance.")
    private @Nullable String url;

    @Option(
            names = {"-t", "--token"},
            paramLabel = "TOKEN",
            description = "The runner of this token.")
    private @Nullable String token;

    /** Whether nothing was chosen. */
    boolean isEmpty() {
        return name == null && url == null && token == null;
    }

    /** The places in the file of the runners that fit all that was given. */
    List<Integer> among(List<RunnerConfig> runners) {
        List<Integer> chosen = new ArrayList<>();
        for (int i = 0; i < runners.size(); i++) {
            RunnerConfig runner = runners.get(i);
            if ((name == null || runner.name().equals(name))
                    && (url == null || bare(runner.url()).equals(bare(url)))
                    && (token == null || runner.token().value().equals(token))) {
                chosen.add(i);
            }
        }
        return chosen;
    }

    private static String bare(String url) {
        return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
    }
}
