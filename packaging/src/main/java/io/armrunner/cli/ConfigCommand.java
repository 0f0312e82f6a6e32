package io.armrunner.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code armrunner config}: what there is to do with the configuration file itself. */
@Command(
        name = "config",
        description = "Looks after the configuration file.",
        synopsisSubcommandLabel = "COMMAND")
final class ConfigCommand implements Callable<Integer> {
    private ConfigCommand() {}

    /** The command with those below it. */
    static CommandLine with(Surroundings surroundings) {
        return new CommandLine(new ConfigCommand())
                .addSubcommand("lint", new LintCommand(surroundings));
    }

    @Override
    public Integer call() throws UserError {
        throw new UserError(2, "say what to do with the configuration: armrunner config lint");
    }
}
