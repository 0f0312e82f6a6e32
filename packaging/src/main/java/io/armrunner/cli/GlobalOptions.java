package io.armrunner.cli;

import io.armrunner.config.Config;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/**
 * The root command: the flags that every command has, before or after its name (job-semantics
 * §10.6).
 */
@Command(
        name = "armrunner",
        description = "Runs GitLab CI jobs on ARM64.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = false,
        usageHelpAutoWidth = false)
final class GlobalOptions {
    @Option(
            names = "--debug",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            descriptionKey = "RUNNER_DEBUG",
            scope = ScopeType.INHERIT,
            description = "Logs in detail, and errors with their stack trace.")
    boolean debug;

    @Option(
            names = {"-l", "--log-level"},
            descriptionKey = "LOG_LEVEL",
            scope = ScopeType.INHERIT,
            paramLabel = "LEVEL",
            description = "panic, fatal, error, warning, info or debug.")
    private @Nullable String logLevel;

    @Option(
            names = "--log-format",
            descriptionKey = "LOG_FORMAT",
            scope = ScopeType.INHERIT,
            paramLabel = "FORMAT",
            description = "runner, text or json.")
    private @Nullable String logFormat;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Shows this text.")
    boolean help;

    @Option(
            names = {"-v", "--version"},
            versionHelp = true,
            scope = ScopeType.LOCAL,
            description = "Shows the version.")
    boolean version;

    /** The level that the words or the environment ask for; the file comes after it. */
    Optional<String> logLevel() {
        return debug ? Optional.of("debug") : Optional.ofNullable(logLevel);
    }

    Optional<String> logFormat() {
        return Optional.ofNullable(logFormat);
    }

    /** Sets the process log up as the words say, else as the file says, else as is usual. */
    void configureLogging(Config config, Surroundings surroundings) throws UserError {
        Logging.configure(
                logLevel().or(config::logLevel).orElse("info"),
                logFormat().or(config::logFormat).orElse("runner"),
                surroundings.err(),
                surroundings.interactive());
    }
}
