package io.armrunner.cli;

import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.codebuild.aws.AwsSurroundings;
import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.setup.Regions;
import io.armrunner.codebuild.setup.SetupException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which installation, where: what all commands of {@code armrunner codebuild} have. */
final class AwsOptions {
    @Option(
            names = "--name",
            defaultValue = "main",
            paramLabel = "NAME",
            description = "Tells several installations of one account apart; main when not given.")
    private String name = "main";

    @Option(
            names = "--region",
            split = ",",
            paramLabel = "REGION",
            description =
                    "Where builds run; of several the first that works. AWS's usual places say when not given.")
    private @Nullable List<String> regions;

    @Option(
            names = "--profile",
            paramLabel = "PROFILE",
            description = "A profile of the files in ~/.aws.")
    private @Nullable String profile;

    String name() {
        return name;
    }

    /** The region that works, and the account behind it. */
    Regions.Choice choose(Surroundings surroundings)
            throws UserError, SetupException, InterruptedException {
        return choose(surroundings, BuildSize.SMALL);
    }

    /** The size of a word. */
    static BuildSize size(String word) throws UserError {
        return BuildSize.of(word)
                .orElseThrow(() ->
                        new UserError(
                                2, "\"%s\" is no size: %s are".formatted(word, BuildSize.words())));
    }

    /** The same, where builds of a size can be had. */
    Regions.Choice choose(Surroundings surroundings, BuildSize size)
            throws UserError, SetupException, InterruptedException {
        Optional<String> named = Optional.ofNullable(profile);
        List<String> wanted =
                regions != null
                        ? regions
                        : List.of(
                                AwsSurroundings.region(surroundings.environment(), named)
                                        .orElseThrow(() ->
                                                new UserError(
                                                        2,
                                                        "say in which region: --region eu-west-3, or set AWS_REGION")));
        AwsPlace place =
                AwsSurroundings.place(surroundings.environment(), wanted.getFirst(), named);
        Regions.Choice choice = Regions.choose(place, wanted, size);
        choice.passedOver().forEach(why -> surroundings.out().println("passed over " + why));
        return choice;
    }
}
