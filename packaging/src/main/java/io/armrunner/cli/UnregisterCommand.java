package io.armrunner.cli;

import io.armrunner.cli.RunnerChoice.Chosen;
import io.armrunner.cli.RunnerServer.Removed;
import io.armrunner.config.RunnerConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code armrunner unregister}: takes runners out of GitLab and out of the file. */
@Command(
        name = "unregister",
        description = "Takes runners out of GitLab and out of the configuration file.")
final class UnregisterCommand implements Callable<Integer> {
    private final Surroundings surroundings;
    private final RunnerServer.Connect connect;
    @Mixin private final RunnerChoice choice = new RunnerChoice();

    @Option(
            names = "--all-runners",
            arity = "0..1",
            fallbackValue = "true",
            description = "All runners of the file.")
    private boolean all;

    UnregisterCommand(Surroundings surroundings, RunnerServer.Connect connect) {
        this.surroundings = surroundings;
        this.connect = connect;
    }

    @Override
    public Integer call() throws Exception {
        if (choice.isEmpty() && !all) {
            throw new UserError(
                    2, "say which runner to unregister: --name, --token, --url or --all-runners");
        }
        Chosen chosen = choice.load(surroundings);
        if (chosen.places().isEmpty()) {
            surroundings.out().println("There is no runner in " + chosen.file().path());
            return 0;
        }
        List<Integer> gone = new ArrayList<>();
        try (RunnerServer server = connect.with(chosen.file())) {
            for (int place : chosen.places()) {
                if (isGone(chosen.runner(place), remove(server, chosen.runner(place)))) {
                    gone.add(place);
                }
            }
        }
        chosen.drop(gone, surroundings);
        if (gone.size() < chosen.places().size()) {
            throw new UserError(
                    "%d of %d runners could not be unregistered and stay in %s"
                            .formatted(
                                    chosen.places().size() - gone.size(),
                                    chosen.places().size(),
                                    chosen.file().path()));
        }
        return 0;
    }

    /**
     * A created runner may have other machines, so only this machine's part goes (runner-protocol
     * §2.4).
     */
    static Removed remove(RunnerServer server, RunnerConfig runner) throws InterruptedException {
        return switch (TokenKind.of(runner.token())) {
            case CREATED -> server.deleteManager(runner);
            case LEGACY -> server.deleteRunner(runner);
        };
    }

    private boolean isGone(RunnerConfig runner, Removed answer) {
        String what =
                switch (answer) {
                    case Removed.Done _ ->
                            TokenKind.of(runner.token()).isCreated()
                                    ? "Unregistering runner manager succeeded"
                                    : "Unregistering runner from GitLab succeeded";
                    case Removed.Refused _ ->
                            "Unregistering runner failed: GitLab does not know its token";
                    case Removed.Unclear(String why) -> "Unregistering runner failed: " + why;
                };
        surroundings.out().println("%-50s  runner=%s".formatted(what, runner.token().shortForm()));
        return answer instanceof Removed.Done;
    }
}
