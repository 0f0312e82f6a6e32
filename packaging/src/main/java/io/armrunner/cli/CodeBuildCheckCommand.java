package io.armrunner.cli;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.setup.Check;
import io.armrunner.codebuild.setup.Installation;
import io.armrunner.codebuild.setup.Regions;
import java.io.IOException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code armrunner codebuild check}: makes one harmless call for each right a runner needs. */
@Command(name = "check", description = "Checks an installation with the rights of whoever runs it.")
final class CodeBuildCheckCommand implements Callable<Integer> {
    private static final Duration PAUSE = Duration.ofSeconds(2);

    private final Surroundings surroundings;
    @Mixin private final AwsOptions aws = new AwsOptions();

    @Option(
            names = "--size",
            defaultValue = "small",
            paramLabel = "SIZE",
            description = "The size whose quota is looked up.")
    private String size = "small";

    @Option(
            names = "--build",
            description = "Runs a build as well, which costs a minute of the project's size.")
    private boolean build;

    CodeBuildCheckCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws IOException, UserError, InterruptedException {
        Regions.Choice choice = aws.choose(surroundings);
        BuildSize machines =
                BuildSize.of(size)
                        .orElseThrow(() ->
                                new UserError(
                                        2,
                                        "\"%s\" is no size: %s are"
                                                .formatted(size, BuildSize.words())));
        Installation installation =
                CodeBuildTeardownCommand.named(aws.name(), choice).withSize(machines);
        surroundings
                .out()
                .println(
                        "ok     credentials: account %s, region %s"
                                .formatted(choice.account(), installation.region()));
        try (AwsClients clients = AwsClients.open(choice.place())) {
            boolean good =
                    new Check(
                                    installation,
                                    clients,
                                    UUID.randomUUID().toString(),
                                    PAUSE,
                                    finding -> surroundings.out().println(finding))
                            .run(build);
            return good ? 0 : 1;
        }
    }
}
