package io.armrunner.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --config}, which most commands have. */
final class ConfigOption {
    @Option(
            names = {"-c", "--config"},
            descriptionKey = "CONFIG_FILE",
            paramLabel = "FILE",
            description =
                    "The configuration file; GitLab Runner's place when not given. [$CONFIG_FILE]")
    private @Nullable Path config;

    Optional<Path> path() {
        return Optional.ofNullable(config);
    }
}
