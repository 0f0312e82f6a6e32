package io.armrunner.cli;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code armrunner completion}: what makes a shell complete this program's words. */
@Command(
        name = "completion",
        description = {
            "Prints what completes armrunner's words in a shell.",
            "bash: source <(armrunner completion bash)",
            "zsh:  source <(armrunner completion zsh)"
        })
final class CompletionCommand implements Callable<Integer> {
    /** The shells that there is something for. */
    enum Shell {
        bash,
        zsh
    }

    private final Surroundings surroundings;

    @Parameters(paramLabel = "bash|zsh", description = "The shell.")
    private @Nullable Shell shell;

    @Spec private @Nullable CommandSpec spec;

    CompletionCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws UserError {
        if (shell == null || spec == null) {
            throw new UserError(2, "say for which shell: bash or zsh");
        }
        // One text for both: it has zsh load its emulation of bash's completion.
        surroundings.out().println(AutoComplete.bash("armrunner", spec.root().commandLine()));
        return 0;
    }
}
