package io.armrunner.cli;

import io.armrunner.status.StateView;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where a service keeps what must outlive its process, and where others look for it. */
final class StatePlace {
    /** systemd's place for a service of this name. */
    private static final Path SYSTEMD = Path.of("/var/lib/armrunner");

    private StatePlace() {}

    /** The service's own: systemd's place for it, or beside the configuration. */
    static Path ofService(Surroundings surroundings, Path configDirectory) {
        return Optional.ofNullable(surroundings.environment().get("STATE_DIRECTORY"))
                .filter(text -> !text.isEmpty())
                .map(Path::of)
                .orElseGet(() -> configDirectory.resolve(".armrunner"));
    }

    /**
     * The books of the service that a command is asked about.
     *
     * @param named the directory, if the user said so
     * @param config the service's configuration file
     */
    static StateView books(Surroundings surroundings, Optional<Path> named, Path config)
            throws UserError, IOException {
        List<Path> places = new ArrayList<>();
        if (named.isPresent()) {
            places.add(surroundings.workingDirectory().resolve(named.get()));
        } else {
            Path directory =
                    Optional.ofNullable(config.toAbsolutePath().getParent()).orElse(Path.of("/"));
            places.add(directory.resolve(".armrunner"));
            places.add(SYSTEMD);
        }
        for (Path place : places) {
            if (Files.isDirectory(place)
                    && !(Files.isReadable(place) && Files.isExecutable(place))) {
                throw unreadable(place);
            }
            if (StateView.isThere(place)) {
                try {
                    return StateView.read(place);
                } catch (AccessDeniedException _) {
                    throw unreadable(place);
                }
            }
        }
        throw new UserError(
                "there are no books of a service in %s; start one with armrunner run, or name its state directory with --state-directory"
                        .formatted(
                                String.join(" or ", places.stream().map(Path::toString).toList())));
    }

    private static UserError unreadable(Path place) {
        return new UserError(
                "%s may not be read by this user; ask as the user of the service, for example with sudo"
                        .formatted(place));
    }
}
