package io.armrunner.cli;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.setup.Installation;
import io.armrunner.codebuild.setup.Regions;
import io.armrunner.codebuild.setup.Teardown;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code armrunner codebuild teardown}: removes what carries the installation's tag. */
@Command(
        name = "teardown",
        description = "Removes what setup made; what does not carry its tag stays.")
final class CodeBuildTeardownCommand implements Callable<Integer> {
    private final Surroundings surroundings;
    @Mixin private final AwsOptions aws = new AwsOptions();
    @Mixin private final Consent consent = new Consent();

    CodeBuildTeardownCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws IOException, UserError, InterruptedException {
        PrintWriter out = surroundings.out();
        Regions.Choice choice = aws.choose(surroundings);
        Installation installation = named(aws.name(), choice);
        try (AwsClients clients = AwsClients.open(choice.place())) {
            Teardown teardown = new Teardown(installation, clients);
            List<Teardown.PlanLine> plan = teardown.plan();
            out.println(
                    "In account %s, region %s:".formatted(choice.account(), installation.region()));
            plan.forEach(line -> out.println("  " + line));
            if (plan.stream().noneMatch(line -> line.verb().equals("delete"))) {
                out.println("There is nothing to remove.");
            } else if (consent.isGiven(surroundings)) {
                teardown.apply(line -> out.println("  " + line));
            }
        }
        return 0;
    }

    /** The installation of a name, with whatever else it has. */
    static Installation named(String name, Regions.Choice choice) throws UserError {
        try {
            return Installation.of(name, choice.place().region(), choice.account());
        } catch (IllegalArgumentException e) {
            throw new UserError(2, String.valueOf(e.getMessage()));
        }
    }
}
