package io.armrunner.cli;

import java.io.Serial;

/**
 * What the user can put right; the message is one line that says how. Ends the command with {@link
 * #exitCode()}.
 */
final class UserError extends Exception {
    @Serial private static final long serialVersionUID = 1;

    private final int exitCode;

    UserError(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    UserError(String message) {
        this(1, message);
    }

    UserError(String message, Throwable cause) {
        super(message, cause);
        this.exitCode = 1;
    }

    int exitCode() {
        return exitCode;
    }
}
