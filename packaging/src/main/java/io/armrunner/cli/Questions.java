package io.armrunner.cli;

import io.armrunner.config.ConfigException;
import io.armrunner.config.RunnerEntry;
import java.io.IOException;
import java.util.Optional;

/** Asks the user for what no flag, variable or template said. */
final class Questions {
    private final Surroundings surroundings;
    private final boolean silent;

    Questions(Surroundings surroundings, boolean silent) {
        this.surroundings = surroundings;
        this.silent = silent;
    }

    /**
     * Asks until there is an answer, or takes {@code absent}; a flag that is missing with nobody to
     * ask is an error.
     */
    void fill(RunnerEntry entry, String key, String flag, String question, Optional<String> absent)
            throws ConfigException, UserError, IOException {
        Optional<String> known = entry.text(key);
        if (silent) {
            if (known.isEmpty()) {
                entry.set(
                        key,
                        absent.orElseThrow(() ->
                                new UserError(2, flag + " is needed with --non-interactive")));
            }
            return;
        }
        // What a flag said is offered as the answer, except a token, which must not be shown.
        if (known.isPresent() && key.equals("token")) {
            return;
        }
        Optional<String> offered = known.or(() -> absent);
        while (true) {
            surroundings.out().println(question + ":");
            surroundings.out().print(offered.map("[%s]: "::formatted).orElse(""));
            surroundings.out().flush();
            String answer = surroundings.in().readLine();
            if (answer == null && offered.isEmpty()) {
                throw new UserError(
                        2, "there is no answer to read; give " + flag + " and --non-interactive");
            }
            String text = answer == null ? "" : answer.strip();
            if (!text.isEmpty() || offered.isPresent()) {
                entry.set(key, text.isEmpty() ? offered.orElse("") : text);
                return;
            }
        }
    }
}
