package io.armrunner.config;

import io.armrunner.config.ConfigWarnings.Warning;
import io.armrunner.spec.Secret;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Everything that is to be said of a configuration file, at once: what the service would refuse,
 * what it would pass over, and what it would find out only when it starts. A pure function but for
 * a look whether named files are there.
 */
public final class ConfigLint {
    private ConfigLint() {}

    /**
     * One thing to look at.
     *
     * @param isError whether the file does not do what it says; else it is only worth knowing
     * @param line counted from 1, 0 when it is not known
     * @param column counted from 1, 0 when it is not known
     * @param key the path, such as {@code runners[0].limit}; empty when it is about the whole text
     * @param message what is wrong, in words that follow the key
     * @param nearest what was probably meant
     */
    public record Problem(
            boolean isError,
            int line,
            int column,
            String key,
            String message,
            Optional<String> nearest) {}

    /**
     * Looks at a text.
     *
     * @param origin what to call the file
     * @param environment for {@code $NAME} in {@code url} and {@code token}
     * @param executors what the service can run jobs with
     * @param lanes says what is wrong with the own table of a lane's executor, in words of which
     *     the first is the key; empty if nothing is
     * @return the problems in the order of the file
     */
    public static List<Problem> check(
            String text,
            String origin,
            Map<String, String> environment,
            Collection<String> executors,
            Function<LaneConfig, Optional<String>> lanes) {
        ConfigReader.Draft draft;
        try {
            // Two entries with one place for their token have one token.
            draft =
                    ConfigReader.draft(
                            text, origin, environment, source -> Secret.of(source.words()));
        } catch (ConfigException e) {
            String place = origin + (e.line() > 0 ? ":" + e.line() : "") + ": ";
            String message = String.valueOf(e.getMessage());
            return List.of(
                    new Problem(
                            true,
                            e.line(),
                            e.column(),
                            "",
                            message.startsWith(place) ? message.substring(place.length()) : message,
                            Optional.empty()));
        }
        KeyCheck check = draft.check();
        List<RunnerConfig> runners = draft.config().runners();
        for (int i = 0; i < runners.size(); i++) {
            String path = "runners[" + i + "]";
            runner(check, path, runners.get(i), executors);
            lanes(check, path, runners.get(i), lanes);
        }
        return check.warnings().all().stream().map(ConfigLint::problem).toList();
    }

    private static Problem problem(Warning warning) {
        boolean isError =
                switch (warning.kind()) {
                    case WRONG, UNKNOWN, LEFT_OUT -> true;
                    case NO_EFFECT, DOUBTFUL -> false;
                };
        return new Problem(
                isError,
                warning.line(),
                warning.column(),
                warning.key(),
                warning.message(),
                warning.nearest());
    }

    private static void runner(
            KeyCheck check, String path, RunnerConfig runner, Collection<String> executors) {
        if (!runner.executor().isEmpty() && !executors.contains(runner.executor())) {
            check.wrong(
                    path + ".executor",
                    "\"%s\" is not an executor of armrunner, which has: %s"
                            .formatted(runner.executor(), String.join(", ", executors)),
                    Spelling.nearest(runner.executor(), executors));
        }
        if (runner.tokenSource() instanceof TokenSource.InFile(Path file)) {
            exists(check, path + ".token_file", file);
        }
        runner.tlsCaFile().ifPresent(file -> exists(check, path + ".tls-ca-file", file));
        runner.tlsCertFile().ifPresent(file -> exists(check, path + ".tls-cert-file", file));
        runner.tlsKeyFile().ifPresent(file -> exists(check, path + ".tls-key-file", file));
        if (runner.tlsCertFile().isPresent() != runner.tlsKeyFile().isPresent()) {
            check.wrong(
                    path + (runner.tlsCertFile().isPresent() ? ".tls-cert-file" : ".tls-key-file"),
                    "is of no use alone: a client certificate needs tls-cert-file and tls-key-file");
        }
    }

    private static void lanes(
            KeyCheck check,
            String path,
            RunnerConfig runner,
            Function<LaneConfig, Optional<String>> lanes) {
        for (int i = 0; i < runner.lanes().size(); i++) {
            String own = "%s.lanes[%d]".formatted(path, i);
            // A runner whose executor is codebuild is its own lane, with the table beside its keys.
            String table = (check.isThere(own) ? own : path) + ".codebuild.";
            lanes.apply(runner.lanes().get(i))
                    .ifPresent(why -> {
                        int key = why.indexOf(' ');
                        check.wrong(table + why.substring(0, key), why.substring(key + 1));
                    });
        }
    }

    private static void exists(KeyCheck check, String path, Path file) {
        if (!Files.isRegularFile(file)) {
            check.doubt(path, "names " + file + ", where there is no file");
        }
    }
}
