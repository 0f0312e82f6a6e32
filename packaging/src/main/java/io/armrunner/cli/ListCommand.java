package io.armrunner.cli;

import io.armrunner.config.ConfigFile;
import io.armrunner.config.RunnerConfig;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code armrunner list}: one line for each runner of the file. */
@Command(name = "list", description = "Lists the runners of the configuration file.")
final class ListCommand implements Callable<Integer> {
    private final Surroundings surroundings;
    @Mixin private final ConfigOption config = new ConfigOption();

    ListCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Exception {
        ConfigFile file = surroundings.configFile(config.path());
        surroundings
                .err()
                .println(
                        "Listing configured runners                          ConfigFile="
                                + file.path());
        for (RunnerConfig runner : file.load().config().runners()) {
            surroundings
                    .out()
                    .println(
                            "%-50s  Executor=%s Token=%s URL=%s"
                                    .formatted(
                                            runner.name(),
                                            runner.executor(),
                                            runner.token().shortForm(),
                                            runner.url()));
        }
        return 0;
    }
}
