package io.armrunner.cli;

import io.armrunner.config.ConfigException;
import java.io.IOException;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The program. Exit codes: 0 done, 1 failed, 2 the words were wrong. */
public final class Main {
    private final Surroundings surroundings;
    private final Map<String, Supplier<Object>> commands;
    private final GlobalOptions options = new GlobalOptions();

    /**
     * @param surroundings the process
     * @param commands what there is, by name and in the order of the help text; only the one that
     *     is called gets made
     */
    Main(Surroundings surroundings, Map<String, Supplier<Object>> commands) {
        this.surroundings = surroundings;
        this.commands = commands;
    }

    /** Runs the command that {@code words} name and ends the process with its exit code. */
    public static void main(String[] words) {
        Surroundings surroundings = Surroundings.ofProcess();
        System.exit(new Main(surroundings, commands(surroundings)).run(words));
    }

    private static Map<String, Supplier<Object>> commands(Surroundings surroundings) {
        return Commands.with(surroundings, file -> new GitLabRunnerServer(surroundings, file));
    }

    /** Runs a command and gives its exit code. */
    int run(String... words) {
        CommandLine root = new CommandLine(options);
        @Nullable String named = named(words);
        commands.forEach((name, command) -> {
            // The others are not even loaded, unless the user wants to see what there is.
            if (named == null || named.equals(name) || named.equals("completion")) {
                root.addSubcommand(name, command.get());
            }
        });
        root.getCommandSpec().versionProvider(() -> Version.current().lines());
        root.setDefaultValueProvider(new EnvironmentDefaults(surroundings.environment()));
        root.setOut(surroundings.out());
        root.setErr(surroundings.err());
        root.setUsageHelpLongOptionsMaxWidth(40);
        root.setParameterExceptionHandler((failure, _) -> wrongWords(failure));
        root.setExecutionExceptionHandler((failure, _, _) -> failed(failure));
        root.setExecutionStrategy(this::execute);
        return root.execute(words);
    }

    private @Nullable String named(String[] words) {
        for (String word : words) {
            if (commands.containsKey(word)) {
                return word;
            }
        }
        return null;
    }

    private int execute(ParseResult parsed) {
        @Nullable Integer help = CommandLine.executeHelpRequest(parsed);
        if (help != null) {
            return help;
        }
        if (!parsed.hasSubcommand()) {
            CommandLine root = parsed.commandSpec().commandLine();
            root.usage(surroundings.err());
            return CommandLine.ExitCode.USAGE;
        }
        try {
            Logging.configure(
                    options.logLevel().orElse(usualLevel(parsed)),
                    options.logFormat().orElse("runner"),
                    surroundings.err(),
                    surroundings.interactive());
        } catch (UserError e) {
            return failed(e);
        }
        return new CommandLine.RunLast().execute(parsed);
    }

    /** Who watches jobs on a terminal has their logs; the service's own are for services. */
    private static String usualLevel(ParseResult parsed) {
        return parsed.subcommand().commandSpec().name().equals("exec") ? "error" : "info";
    }

    private int wrongWords(ParameterException failure) {
        CommandLine command = failure.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        surroundings
                .err()
                .println(name + ": " + failure.getMessage() + " (see " + name + " --help)");
        return CommandLine.ExitCode.USAGE;
    }

    private int failed(Exception failure) {
        String message = failure.getMessage() == null ? failure.toString() : failure.getMessage();
        boolean expected =
                failure instanceof UserError
                        || failure instanceof ConfigException
                        || failure instanceof IOException;
        surroundings
                .err()
                .println(
                        expected
                                ? "armrunner: " + message
                                : "armrunner: this is a fault of armrunner itself: "
                                        + failure
                                        + " (run it again with --debug and report what it says)");
        if (options.debug) {
            failure.printStackTrace(surroundings.err());
        }
        return failure instanceof UserError error
                ? error.exitCode()
                : CommandLine.ExitCode.SOFTWARE;
    }
}
