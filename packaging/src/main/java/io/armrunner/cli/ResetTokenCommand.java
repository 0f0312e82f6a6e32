package io.armrunner.cli;

import io.armrunner.cli.RunnerChoice.Chosen;
import io.armrunner.cli.RunnerServer.Reset;
import io.armrunner.config.ConfigException;
import io.armrunner.config.RunnerConfig;
import io.armrunner.spec.Secret;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code armrunner reset-token}: new tokens for runners, in GitLab and in the file. */
@Command(
        name = "reset-token",
        description = {
            "Gives runners new tokens, in GitLab and in the configuration file.",
            "The old token ends at once, on all machines that use it."
        })
final class ResetTokenCommand implements Callable<Integer> {
    private final Surroundings surroundings;
    private final RunnerServer.Connect connect;
    @Mixin private final RunnerChoice choice = new RunnerChoice();

    @Option(
            names = {"-i", "--id"},
            paramLabel = "ID",
            description = "The runner with this id in GitLab.")
    private @Nullable Long id;

    @Option(
            names = "--all-runners",
            arity = "0..1",
            fallbackValue = "true",
            description = "All runners of the file.")
    private boolean all;

    @Option(
            names = "--pat",
            paramLabel = "TOKEN",
            description =
                    "A personal access token that may do it, when the runner's own has ended.")
    private @Nullable String personalAccessToken;

    ResetTokenCommand(Surroundings surroundings, RunnerServer.Connect connect) {
        this.surroundings = surroundings;
        this.connect = connect;
    }

    @Override
    public Integer call() throws Exception {
        if (choice.isEmpty() && id == null && !all) {
            throw new UserError(
                    2,
                    "say which runner gets a new token: --name, --token, --url, --id or --all-runners");
        }
        Chosen chosen = choice.load(surroundings, Optional.ofNullable(id));
        int failed = 0;
        try (RunnerServer server = connect.with(chosen.file())) {
            TokenReset reset = new TokenReset(chosen.file(), server, surroundings.clock());
            for (int place : chosen.places()) {
                failed += isDone(chosen.runner(place), reset) ? 0 : 1;
            }
        }
        if (failed > 0) {
            throw new UserError(
                    "%d of %d runners keep their token".formatted(failed, chosen.places().size()));
        }
        return 0;
    }

    private boolean isDone(RunnerConfig runner, TokenReset reset)
            throws ConfigException, InterruptedException {
        Optional<String> obstacle = TokenReset.obstacle(runner);
        if (obstacle.isPresent()) {
            say("failed: " + obstacle.get(), runner);
            return false;
        }
        if (personalAccessToken != null && runner.id() == 0) {
            say("failed: --pat needs the runner's id, which the file does not have", runner);
            return false;
        }
        Reset answer =
                reset.reset(runner, Optional.ofNullable(personalAccessToken).map(Secret::of));
        return switch (answer) {
            case Reset.Done(Secret token, var expiresAt) -> {
                say(
                        "succeeded, new runner=%s%s"
                                .formatted(
                                        token.shortForm(),
                                        expiresAt.map(time -> " until " + time).orElse("")),
                        runner);
                yield true;
            }
            case Reset.Refused _ -> {
                say(
                        personalAccessToken == null
                                ? "failed: GitLab does not know its token"
                                : "failed: the personal access token may not do it",
                        runner);
                yield false;
            }
            case Reset.Unclear(String why) -> {
                say("failed: " + why, runner);
                yield false;
            }
        };
    }

    private void say(String what, RunnerConfig runner) {
        surroundings
                .out()
                .println(
                        "%-50s  runner=%s"
                                .formatted(
                                        "Resetting runner token... " + what,
                                        runner.token().shortForm()));
    }
}
