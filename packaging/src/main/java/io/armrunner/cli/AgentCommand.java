package io.armrunner.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code armrunner agent}: what CodeBuild builds run. */
@Command(
        name = "agent",
        hidden = true,
        description = "Runs the one job of this CodeBuild build; started by builds, not by people.")
final class AgentCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    AgentCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws InterruptedException {
        return AgentMain.run(surroundings.environment());
    }
}
