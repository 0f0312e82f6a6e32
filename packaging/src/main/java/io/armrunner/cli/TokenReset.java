package io.armrunner.cli;

import io.armrunner.cli.RunnerServer.Reset;
import io.armrunner.config.ConfigException;
import io.armrunner.config.ConfigFile;
import io.armrunner.config.RunnerConfig;
import io.armrunner.config.RunnerEntry;
import io.armrunner.config.TokenSource;
import io.armrunner.spec.Secret;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/**
 * Replaces a runner's token in GitLab and where it is kept. GitLab kills the old token at once, so
 * that the new one can be kept is proved before.
 */
final class TokenReset {
    private final ConfigFile file;
    private final RunnerServer server;
    private final InstantSource clock;

    TokenReset(ConfigFile file, RunnerServer server, InstantSource clock) {
        this.file = file;
        this.server = server;
        this.clock = clock;
    }

    /** Why the new token could not be kept, when it could not; to be asked before a reset. */
    static Optional<String> obstacle(RunnerConfig runner) {
        return switch (runner.tokenSource()) {
            case TokenSource.InFile _ -> Optional.empty();
            case TokenSource.InConfig place when !place.fromEnvironment() -> Optional.empty();
            case TokenSource.InConfig _, TokenSource.Credential _, TokenSource.Parameter _ ->
                    Optional.of(
                            "its token is from %s, which armrunner cannot change; reset it in GitLab and put the new one there"
                                    .formatted(runner.tokenSource().words()));
        };
    }

    /**
     * Resets one runner's token.
     *
     * @param runner as it was loaded; it is looked up in the file again
     * @param personalAccessToken instead of the runner's own token
     * @throws ConfigException when the file cannot be written, or does not have the runner any
     *     more; before GitLab was asked
     */
    Reset reset(RunnerConfig runner, Optional<Secret> personalAccessToken)
            throws ConfigException, InterruptedException {
        int place = place(runner);
        file.save(file.text());
        if (runner.tokenSource() instanceof TokenSource.InFile token) {
            file.saveToken(token, runner.token());
        }
        Reset answer =
                personalAccessToken.isPresent()
                        ? server.reset(runner, personalAccessToken.get())
                        : server.reset(runner);
        if (answer instanceof Reset.Done done) {
            RunnerEntry changes = new RunnerEntry();
            if (runner.tokenSource() instanceof TokenSource.InFile token) {
                file.saveToken(token, done.token());
            } else {
                changes.set("token", done.token().value());
            }
            changes.set("token_obtained_at", Optional.of(clock.instant()));
            changes.set("token_expires_at", done.expiresAt());
            file.save(file.text().withRunnerValues(place, changes));
        }
        return answer;
    }

    private int place(RunnerConfig wanted) throws ConfigException {
        List<RunnerConfig> runners = file.load().config().runners();
        for (int i = 0; i < runners.size(); i++) {
            if (runners.get(i).url().equals(wanted.url())
                    && runners.get(i).token().equals(wanted.token())) {
                return i;
            }
        }
        throw new ConfigException(
                "%s: has no runner %s any more".formatted(file.path(), wanted.token().shortForm()));
    }
}
