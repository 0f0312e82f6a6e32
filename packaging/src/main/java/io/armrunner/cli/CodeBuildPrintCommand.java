package io.armrunner.cli;

import io.armrunner.codebuild.setup.Installation;
import io.armrunner.codebuild.setup.Rights;
import io.armrunner.codebuild.setup.Templates;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code armrunner codebuild print}: policies and templates, for those who do it themselves. */
@Command(
        name = "print",
        description = "Prints a policy or a template; asks AWS nothing.",
        sortOptions = false)
final class CodeBuildPrintCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Parameters(
            paramLabel = "WHAT",
            description = "manager-policy, installer-policy, cloudformation or terraform.")
    private String what = "";

    @Option(names = "--name", defaultValue = "main", paramLabel = "NAME")
    private String name = "main";

    @Option(names = "--region", defaultValue = "*", paramLabel = "REGION")
    private String region = "*";

    @Option(names = "--account", defaultValue = "*", paramLabel = "ACCOUNT")
    private String account = "*";

    @Option(names = "--kms-key", paramLabel = "ARN")
    private @Nullable String key;

    CodeBuildPrintCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws UserError {
        surroundings.out().print(text());
        surroundings.out().flush();
        return 0;
    }

    private String text() throws UserError {
        return switch (what) {
            case "manager-policy" -> Rights.manager(installation());
            case "installer-policy" -> Rights.installer(installation());
            case "cloudformation" -> Templates.cloudFormation();
            case "terraform" -> Templates.terraform();
            default ->
                    throw new UserError(
                            2,
                            "\"%s\" cannot be printed: manager-policy, installer-policy, cloudformation and terraform can"
                                    .formatted(what));
        };
    }

    private Installation installation() throws UserError {
        try {
            Installation plain = Installation.of(name, region, account);
            return key == null ? plain : plain.withKey(key);
        } catch (IllegalArgumentException e) {
            throw new UserError(2, String.valueOf(e.getMessage()));
        }
    }
}
