package io.armrunner.cli;

import io.armrunner.config.Config;
import io.armrunner.http.EventLoops;
import io.armrunner.status.ListenAddress;
import io.armrunner.status.Operations;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the operator's side of a service as its configuration wants it. */
final class OperationsOpening {
    private static final Logger LOG = LoggerFactory.getLogger(OperationsOpening.class);

    private OperationsOpening() {}

    /**
     * Opens the books, and listens where an address is given.
     *
     * @param address of the command line or the configuration; empty for not listening
     * @throws UserError if the address is none or taken
     */
    static Operations open(
            Surroundings surroundings,
            EventLoops loops,
            Config.Operation settings,
            Path state,
            Optional<String> address)
            throws IOException, UserError {
        Version version = Version.current();
        Operations operations =
                Operations.open(
                        new Operations.Service(
                                version.version(),
                                version.revision(),
                                Version.architecture(),
                                ProcessHandle.current().pid(),
                                surroundings.clock().instant()),
                        state,
                        new Operations.Kept(
                                (long) settings.keptLogsMib() << 20,
                                settings.keptLogsAge(),
                                (long) settings.minFreeDiskMib() << 20),
                        surroundings.clock());
        try {
            listen(operations, loops, settings, address.filter(text -> !text.isEmpty()));
        } catch (UserError | RuntimeException failure) {
            operations.close();
            throw failure;
        }
        return operations;
    }

    private static void listen(
            Operations operations,
            EventLoops loops,
            Config.Operation settings,
            Optional<String> address)
            throws UserError {
        if (address.isEmpty()) {
            return;
        }
        long begun = System.nanoTime();
        try {
            operations.listen(
                    loops,
                    ListenAddress.parse(address.get()),
                    settings.statusLogs(),
                    new Operations.LogLines(Logging::errors, Logging::warnings));
        } catch (IllegalArgumentException e) {
            throw new UserError(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw new UserError(
                    "%s; is another runner there? listen_address in config.toml and --listen-address say where to listen"
                            .formatted(e.getMessage()),
                    e);
        }
        LOG.info(
                "listening address={} page=http://{}/ ms={}",
                operations.address(),
                operations.address(),
                Duration.ofNanos(System.nanoTime() - begun).toMillis());
    }
}
