package io.armrunner.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;

/** {@code armrunner codebuild}: what the CodeBuild lane needs in an AWS account. */
@Command(
        name = "codebuild",
        description = "Sets up, checks and removes what the CodeBuild lane needs in AWS.",
        synopsisSubcommandLabel = "COMMAND")
final class CodeBuildCommand implements Runnable {
    private final Surroundings surroundings;
    private final RunnerServer.Connect connect;
    private final CommandSpec spec = CommandSpec.forAnnotatedObject(this);

    CodeBuildCommand(Surroundings surroundings, RunnerServer.Connect connect) {
        this.surroundings = surroundings;
        this.connect = connect;
    }

    /** The command with those below it. */
    CommandSpec spec() {
        spec.addSubcommand("setup", new CommandLine(new CodeBuildSetupCommand(surroundings)));
        spec.addSubcommand(
                "check", new CommandLine(new CodeBuildCheckCommand(surroundings, connect)));
        spec.addSubcommand("teardown", new CommandLine(new CodeBuildTeardownCommand(surroundings)));
        spec.addSubcommand("print", new CommandLine(new CodeBuildPrintCommand(surroundings)));
        return spec;
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(), "say what to do: setup, check, teardown or print");
    }
}
