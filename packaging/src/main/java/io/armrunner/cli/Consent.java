package io.armrunner.cli;

import java.io.IOException;
import java.util.Locale;
import picocli.CommandLine.Option;

/** Whether a plan that was shown may be carried out. */
final class Consent {
    @Option(names = "--dry-run", description = "Shows the plan and does nothing.")
    private boolean dryRun;

    @Option(
            names = {"-y", "--yes"},
            description = "Does it without asking.")
    private boolean yes;

    /** Asks if there is somebody to ask; without an answer nothing is done, and that is said. */
    boolean isGiven(Surroundings surroundings) throws IOException {
        if (dryRun) {
            surroundings.out().println("Nothing was done.");
            return false;
        }
        if (yes) {
            return true;
        }
        if (!surroundings.interactive()) {
            surroundings.out().println("Nothing was done: add --yes to do it.");
            return false;
        }
        surroundings.out().print("Do it? [y/N] ");
        surroundings.out().flush();
        String answer = surroundings.in().readLine();
        boolean given = answer != null && answer.strip().toLowerCase(Locale.ROOT).startsWith("y");
        if (!given) {
            surroundings.out().println("Nothing was done.");
        }
        return given;
    }
}
