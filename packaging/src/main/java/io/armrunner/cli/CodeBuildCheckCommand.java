package io.armrunner.cli;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.setup.Check;
import io.armrunner.codebuild.setup.Installation;
import io.armrunner.codebuild.setup.Regions;
import io.armrunner.config.ConfigFile;
import io.armrunner.config.RunnerConfig;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code armrunner codebuild check}: makes one harmless call for each right a runner needs. */
@Command(name = "check", description = "Checks an installation with the rights of whoever runs it.")
final class CodeBuildCheckCommand implements Callable<Integer> {
    private static final Duration PAUSE = Duration.ofSeconds(2);

    private final Surroundings surroundings;
    private final RunnerServer.Connect connect;
    @Mixin private final AwsOptions aws = new AwsOptions();

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            description =
                    "The size that is looked at, such as lambda-1gb; the project's when not given.")
    private @Nullable String size;

    @Option(
            names = "--ecr",
            split = ",",
            paramLabel = "REPOSITORY",
            description =
                    "Private repositories in ECR that builds should be able to pull from: names, or ARNs; those of the role when not given.")
    private List<String> repositories = List.of();

    @Option(
            names = "--image",
            paramLabel = "IMAGE",
            description = "With --build: the image it runs in; the project's when not given.")
    private @Nullable String image;

    @Option(
            names = "--build",
            description =
                    "Runs a build as well, which costs a minute of the project's size; with --config it also tells whether builds reach GitLab.")
    private boolean build;

    @Option(
            names = {"-c", "--config"},
            paramLabel = "FILE",
            description =
                    "A configuration file whose runners' tokens GitLab is asked about as well.")
    private @Nullable Path config;

    CodeBuildCheckCommand(Surroundings surroundings, RunnerServer.Connect connect) {
        this.surroundings = surroundings;
        this.connect = connect;
    }

    @Override
    public Integer call() throws Exception {
        BuildSize machines = size == null ? BuildSize.SMALL : AwsOptions.size(size);
        Regions.Choice choice = aws.choose(surroundings, machines);
        Installation installation = installation(choice, machines);
        surroundings
                .out()
                .println(
                        "ok     credentials: account %s, region %s"
                                .formatted(choice.account(), installation.region()));
        try (AwsClients clients = AwsClients.open(choice.place())) {
            Check check =
                    new Check(
                            installation, clients, UUID.randomUUID().toString(), PAUSE, this::say);
            check.reaching(servers());
            if (image != null) {
                check.inImage(image);
            }
            boolean good = (size == null ? check.ofProjectsSize() : check).run(build);
            boolean known = tokens();
            return good && known ? 0 : 1;
        }
    }

    private Installation installation(Regions.Choice choice, BuildSize machines) throws UserError {
        if (image != null && !build) {
            throw new UserError(2, "--image is for --build; add that");
        }
        try {
            return CodeBuildTeardownCommand.named(aws.name(), choice)
                    .withSize(machines)
                    .withRepositories(repositories);
        } catch (IllegalArgumentException e) {
            throw new UserError(2, String.valueOf(e.getMessage()));
        }
    }

    /** What builds of these runners have to reach, each once. */
    private List<URI> servers() throws Exception {
        if (config == null) {
            return List.of();
        }
        return surroundings.configFile(Optional.of(config)).load().config().runners().stream()
                .map(runner -> URI.create(runner.url()))
                .distinct()
                .toList();
    }

    /** Whether GitLab takes the tokens of the runners in the file that is named, if one is. */
    private boolean tokens() throws Exception {
        if (config == null) {
            say(
                    new Check.Finding(
                            Check.Finding.Level.NOTE,
                            "GitLab token",
                            "not asked about; name the runner's file with --config"));
            return true;
        }
        ConfigFile file = surroundings.configFile(Optional.of(config));
        List<RunnerConfig> runners = file.load().config().runners();
        if (runners.isEmpty()) {
            say(
                    new Check.Finding(
                            Check.Finding.Level.ERROR,
                            "GitLab token",
                            "there is no runner in %s; run armrunner register"
                                    .formatted(file.path())));
            return false;
        }
        boolean good = true;
        try (RunnerServer server = connect.with(file)) {
            for (RunnerConfig runner : runners) {
                Check.Finding finding = finding(runner, server.verify(runner));
                say(finding);
                good &= finding.level() != Check.Finding.Level.ERROR;
            }
        }
        return good;
    }

    private void say(Check.Finding finding) {
        surroundings.out().println(finding);
    }

    /**
     * A runner's token has no scopes: one that GitLab knows may do all that a runner does. That is
     * asked by the one call that changes nothing.
     */
    private static Check.Finding finding(RunnerConfig runner, RunnerServer.Verified answer) {
        String what = "GitLab token %s at %s".formatted(runner.token().shortForm(), runner.url());
        return switch (answer) {
            case RunnerServer.Verified.Valid(long id, Optional<Instant> expiresAt) ->
                    new Check.Finding(
                            Check.Finding.Level.OK,
                            what,
                            "valid%s%s"
                                    .formatted(
                                            id == 0 ? "" : ", of runner " + id,
                                            expiresAt.map(when -> ", until " + when).orElse("")));
            case RunnerServer.Verified.Refused _ ->
                    new Check.Finding(
                            Check.Finding.Level.ERROR,
                            what,
                            "invalid: GitLab does not know it; create the runner again in GitLab and run armrunner register");
            case RunnerServer.Verified.Unclear(String why) ->
                    new Check.Finding(
                            Check.Finding.Level.ERROR,
                            what,
                            "unknown, since GitLab could not be asked: %s; check the url, and the way from this machine to GitLab"
                                    .formatted(why));
        };
    }
}
