package io.armrunner.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.armrunner.benchmark.Benchmark;
import io.armrunner.benchmark.Contender;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code armrunner benchmark}: what this runner costs, beside others on the same jobs. */
@Command(
        name = "benchmark",
        description = {
            "Measures this runner on this machine: start, memory, time and CPU of jobs.",
            "With --peer another runner takes turns with it, and the table shows the ratios."
        })
final class BenchmarkCommand implements Callable<Integer> {
    private static final int DEFAULT_ROUNDS = 3;

    private final Surroundings surroundings;

    @Option(
            names = "--runner",
            paramLabel = "COMMAND",
            description =
                    "The runner to measure; {config} in it stands for its config.toml (default: this armrunner).")
    private @Nullable String runner;

    @Option(
            names = "--peer",
            paramLabel = "COMMAND",
            description =
                    "Another runner to set it against, such as 'gitlab-runner run --config {config}'; may be given again.")
    private List<String> peers = new ArrayList<>();

    @Option(
            names = {"-n", "--rounds"},
            paramLabel = "N",
            description = "How often each is measured (default: 3); the table shows medians.")
    private int rounds = DEFAULT_ROUNDS;

    @Option(
            names = {"-k", "--rows"},
            split = ",",
            paramLabel = "ROW",
            description = "Only these rows; --list shows their names.")
    private List<String> rows = new ArrayList<>();

    @Option(names = "--list", description = "Shows the names of the rows and measures nothing.")
    private boolean list;

    @Option(names = "--json", paramLabel = "FILE", description = "Writes all values to this file.")
    private @Nullable Path json;

    BenchmarkCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws IOException, InterruptedException, UserError {
        Benchmark benchmark =
                new Benchmark(
                        surroundings.environment(),
                        surroundings.clock(),
                        surroundings.out(),
                        surroundings.err());
        if (list) {
            benchmark.rowNames().forEach(surroundings.out()::println);
            return 0;
        }
        for (String row : rows) {
            if (!benchmark.rowNames().contains(row)) {
                throw new UserError(
                        2,
                        "there is no row «%s»; there are %s"
                                .formatted(row, String.join(", ", benchmark.rowNames())));
            }
        }
        if (rounds < 1) {
            throw new UserError(2, "--rounds is " + rounds + "; it has to be at least 1");
        }
        Benchmark.Outcome outcome = benchmark.run(contenders(), rows, rounds);
        if (json != null) {
            Path file = surroundings.workingDirectory().resolve(json);
            Files.writeString(
                    file,
                    new ObjectMapper()
                            .writerWithDefaultPrettyPrinter()
                            .writeValueAsString(outcome.figures()));
        }
        return outcome.complete() ? 0 : 1;
    }

    private List<Contender> contenders() throws UserError {
        List<Contender> contenders = new ArrayList<>();
        try {
            contenders.add(runner == null ? ourselves() : Contender.parse("armrunner", runner));
            for (String peer : peers) {
                String name = peers.size() == 1 ? "peer" : "peer " + contenders.size();
                contenders.add(Contender.parse(name, peer));
            }
        } catch (IllegalArgumentException e) {
            throw new UserError(2, String.valueOf(e.getMessage()));
        }
        return contenders;
    }

    private static Contender ourselves() throws UserError {
        @Nullable String launcher = System.getProperty("armrunner.launcher");
        if (launcher == null) {
            throw new UserError(
                    2,
                    "this armrunner was not started by its launcher, so it does not know its own command; name it with --runner 'COMMAND run --config {config}'");
        }
        return new Contender("armrunner", List.of(launcher, "run", "--config", "{config}"));
    }
}
