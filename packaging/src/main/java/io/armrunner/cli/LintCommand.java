package io.armrunner.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.codebuild.lane.CodeBuildLane;
import io.armrunner.config.ConfigFile;
import io.armrunner.config.ConfigLint;
import io.armrunner.config.ConfigLint.Problem;
import io.armrunner.config.LaneConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code armrunner config lint}: says all that is wrong with a configuration file. As {@code lint}
 * it is where GitLab Runner has it (job-semantics §10.6).
 */
@Command(
        name = "lint",
        description = {
            "Says all that is wrong with a configuration file.",
            "Ends with 1 if the service would refuse it or pass over a part of it."
        })
final class LintCommand implements Callable<Integer> {
    private final Surroundings surroundings;
    @Mixin private final ConfigOption config = new ConfigOption();

    @Parameters(
            arity = "0..1",
            paramLabel = "FILE",
            description = "The file; without it the one that the service would read.")
    private @Nullable Path file;

    @Option(names = "--json", description = "Prints one JSON document.")
    private boolean json;

    LintCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Exception {
        ConfigFile named = surroundings.configFile(Optional.ofNullable(file).or(config::path));
        if (!Files.exists(named.path())) {
            throw new UserError("there is no file " + named.path());
        }
        List<Problem> problems =
                ConfigLint.check(
                        named.text().text(),
                        named.path().toString(),
                        surroundings.environment(),
                        RunnerFactory.EXECUTORS,
                        LintCommand::wrong);
        boolean valid = problems.stream().noneMatch(Problem::isError);
        if (json) {
            surroundings.out().println(json(named.path(), valid, problems));
        } else {
            problems.forEach(problem -> surroundings.out().println(line(named.path(), problem)));
            surroundings
                    .out()
                    .println(
                            valid
                                    ? "Configuration file is valid."
                                    : "Configuration file is not valid.");
        }
        return valid ? 0 : 1;
    }

    /** What is wrong with a lane's own table. */
    private static Optional<String> wrong(LaneConfig lane) {
        return lane.executor().equals("codebuild") ? CodeBuildLane.check(lane) : Optional.empty();
    }

    /** As compilers have it, so that editors find the place. */
    private static String line(Path file, Problem problem) {
        StringBuilder line = new StringBuilder(file.toString());
        if (problem.line() > 0) {
            line.append(':').append(problem.line()).append(':').append(problem.column());
        }
        line.append(problem.isError() ? ": error: " : ": warning: ");
        if (!problem.key().isEmpty()) {
            line.append(problem.key()).append(' ');
        }
        return line.append(problem.message()).toString();
    }

    private static String json(Path file, boolean valid, List<Problem> problems) {
        ObjectNode document = new ObjectMapper().createObjectNode();
        document.put("file", file.toString());
        document.put("valid", valid);
        ArrayNode list = document.putArray("problems");
        for (Problem problem : problems) {
            ObjectNode entry = list.addObject();
            entry.put("severity", problem.isError() ? "error" : "warning");
            entry.put("line", problem.line());
            entry.put("column", problem.column());
            entry.put("key", problem.key());
            entry.put("message", problem.message());
            entry.put("nearest", problem.nearest().orElse(null));
        }
        return document.toString();
    }
}
