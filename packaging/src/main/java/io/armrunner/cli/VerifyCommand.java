package io.armrunner.cli;

import io.armrunner.cli.RunnerChoice.Chosen;
import io.armrunner.cli.RunnerServer.Verified;
import io.armrunner.config.RunnerConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code armrunner verify}: asks GitLab whether it still knows the runners of the file. */
@Command(
        name = "verify",
        description = "Asks GitLab whether the runners of the configuration file are valid.")
final class VerifyCommand implements Callable<Integer> {
    private final Surroundings surroundings;
    private final RunnerServer.Connect connect;
    @Mixin private final RunnerChoice choice = new RunnerChoice();

    @Option(
            names = "--delete",
            arity = "0..1",
            fallbackValue = "true",
            description = "Removes the runners that GitLab does not know from the file.")
    private boolean delete;

    VerifyCommand(Surroundings surroundings, RunnerServer.Connect connect) {
        this.surroundings = surroundings;
        this.connect = connect;
    }

    @Override
    public Integer call() throws Exception {
        Chosen chosen = choice.load(surroundings);
        List<Integer> refused = new ArrayList<>();
        try (RunnerServer server = connect.with(chosen.file())) {
            for (int place : chosen.places()) {
                RunnerConfig runner = chosen.runner(place);
                if (isRefused(runner, server.verify(runner))) {
                    refused.add(place);
                }
            }
        }
        if (!refused.isEmpty() && !delete) {
            throw new UserError(
                    "GitLab does not know %d of %d runners; --delete takes them out of %s"
                            .formatted(
                                    refused.size(), chosen.places().size(), chosen.file().path()));
        }
        chosen.drop(refused, surroundings);
        return 0;
    }

    /**
     * Says what came of it. Only a clear no counts as one: a network that is down must not cost a
     * runner.
     */
    private boolean isRefused(RunnerConfig runner, Verified answer) {
        String what =
                switch (answer) {
                    case Verified.Valid _ ->
                            TokenKind.of(runner.token()).isCreated() ? "is valid" : "is alive";
                    case Verified.Refused _ -> "is removed";
                    case Verified.Unclear(String why) -> "is not sure: " + why;
                };
        surroundings
                .out()
                .println(
                        "%-50s  runner=%s"
                                .formatted(
                                        "Verifying runner... " + what, runner.token().shortForm()));
        return answer instanceof Verified.Refused;
    }
}
