package io.armrunner.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The commands there are, by name. Each is a recipe, so that one command loads nothing of another.
 */
final class Commands {
    private Commands() {}

    /** Those that need nothing but the file. */
    static Map<String, Supplier<Object>> of(Surroundings surroundings) {
        Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
        commands.put("completion", () -> new CompletionCommand(surroundings));
        commands.put("config", () -> ConfigCommand.with(surroundings));
        commands.put("lint", () -> new LintCommand(surroundings));
        commands.put("benchmark", () -> new BenchmarkCommand(surroundings));
        commands.put(
                "exec",
                () ->
                        new ExecCommand(
                                new ExecService(surroundings, () -> Surroundings.isTerminal(1))));
        commands.put("jobs", () -> new JobsCommand(surroundings));
        commands.put("agent", () -> new AgentCommand(surroundings));
        commands.put("list", () -> new ListCommand(surroundings));
        commands.put("logs", () -> new LogsCommand(surroundings, Surroundings.isTerminal(1)));
        commands.put("run", () -> new RunCommand(new RunService(surroundings)));
        commands.put("run-single", () -> new RunSingleCommand(new RunSingleService(surroundings)));
        return commands;
    }

    /** Those that talk to GitLab about a runner as well. */
    static Map<String, Supplier<Object>> with(
            Surroundings surroundings, RunnerServer.Connect connect) {
        Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
        commands.put("register", () -> new RegisterCommand(surroundings, connect).spec());
        commands.putAll(of(surroundings));
        commands.put("codebuild", () -> new CodeBuildCommand(surroundings, connect).spec());
        commands.put("verify", () -> new VerifyCommand(surroundings, connect));
        commands.put("reset-token", () -> new ResetTokenCommand(surroundings, connect));
        commands.put("unregister", () -> new UnregisterCommand(surroundings, connect));
        return commands;
    }
}
