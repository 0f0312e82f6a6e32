package io.armrunner.cli;

import io.armrunner.status.StateView;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which service a command asks about. */
final class StateOptions {
    @Mixin private final ConfigOption config = new ConfigOption();

    @Option(
            names = "--state-directory",
            descriptionKey = "STATE_DIRECTORY",
            paramLabel = "DIR",
            description = "Where the service keeps its books. [$STATE_DIRECTORY]")
    private @Nullable Path stateDirectory;

    /** Its books as they are now. */
    StateView books(Surroundings surroundings) throws UserError, IOException {
        return StatePlace.books(
                surroundings,
                Optional.ofNullable(stateDirectory),
                surroundings.configFile(config.path()).path());
    }
}
