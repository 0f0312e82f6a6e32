package io.armrunner.cli;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.setup.Installation;
import io.armrunner.codebuild.setup.Regions;
import io.armrunner.codebuild.setup.Setup;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code armrunner codebuild setup}: shows what it would do, then does it when told so. */
@Command(
        name = "setup",
        description = "Creates what the CodeBuild lane needs, or brings it up to date.",
        sortOptions = false)
final class CodeBuildSetupCommand implements Callable<Integer> {
    private final Surroundings surroundings;
    @Mixin private final AwsOptions aws = new AwsOptions();
    @Mixin private final Consent consent = new Consent();

    @Option(
            names = "--size",
            defaultValue = "small",
            paramLabel = "SIZE",
            description =
                    "Machines when a job asks for none: small, medium, large, xlarge, 2xlarge; lambda-1gb, -2gb, -4gb, -8gb, -10gb for Lambda compute.")
    private String size = "small";

    @Option(
            names = "--image",
            paramLabel = "IMAGE",
            description =
                    "The curated aarch64 image when a job asks for none; one with Java 25 when not given.")
    private @Nullable String image;

    @Option(
            names = "--kms-key",
            paramLabel = "ARN",
            description = "A key of your own for the bucket; AWS's when not given.")
    private @Nullable String key;

    @Option(
            names = "--ecr",
            split = ",",
            paramLabel = "REPOSITORY",
            description =
                    "Private repositories in ECR whose images builds may run in: names, or ARNs; none when not given.")
    private List<String> repositories = List.of();

    @Option(
            names = "--log-days",
            defaultValue = "7",
            paramLabel = "DAYS",
            description = "For how long boot logs are kept: 1, 3, 5, 7, 14, 30, …")
    private int logDays = 7;

    @Option(
            names = "--vpc",
            paramLabel = "ID",
            description =
                    "A network of your own for the builds, with --subnets and --security-groups.")
    private @Nullable String vpc;

    @Option(names = "--subnets", split = ",", paramLabel = "ID", description = "Private subnets.")
    private List<String> subnets = List.of();

    @Option(
            names = "--security-groups",
            split = ",",
            paramLabel = "ID",
            description = "Security groups.")
    private List<String> groups = List.of();

    CodeBuildSetupCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws IOException, UserError, InterruptedException {
        PrintWriter out = surroundings.out();
        BuildSize machines = AwsOptions.size(size);
        Regions.Choice choice = aws.choose(surroundings, machines);
        Installation installation = installation(choice, machines);
        try (AwsClients clients = AwsClients.open(choice.place())) {
            Setup setup = new Setup(installation, clients);
            List<Setup.PlanLine> plan = setup.plan();
            out.println(
                    "In account %s, region %s:".formatted(choice.account(), installation.region()));
            plan.forEach(line -> out.println("  " + line));
            if (plan.stream().noneMatch(Setup.PlanLine::isChange)) {
                out.println("Everything is as it should be.");
            } else if (consent.isGiven(surroundings)) {
                setup.apply(line -> out.println("  " + line));
            } else {
                return 0;
            }
        }
        out.println();
        out.println("Project: " + installation.project());
        out.println("Bucket:  " + installation.bucket());
        out.println(
                "Next:    armrunner codebuild check --name %s --region %s"
                        .formatted(installation.name(), installation.region()));
        return 0;
    }

    private Installation installation(Regions.Choice choice, BuildSize machines) throws UserError {
        Optional<Installation.Network> network = Optional.empty();
        if (vpc != null) {
            if (subnets.isEmpty() || groups.isEmpty()) {
                throw new UserError(2, "--vpc needs --subnets and --security-groups");
            }
            network = Optional.of(new Installation.Network(vpc, subnets, groups));
        }
        try {
            return new Installation(
                            aws.name(),
                            choice.place().region(),
                            choice.account(),
                            machines,
                            image == null ? Installation.image(machines) : image,
                            network,
                            Optional.ofNullable(key),
                            List.of(),
                            logDays)
                    .withRepositories(repositories);
        } catch (IllegalArgumentException e) {
            throw new UserError(2, String.valueOf(e.getMessage()));
        }
    }
}
