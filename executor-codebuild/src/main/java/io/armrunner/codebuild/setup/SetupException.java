package io.armrunner.codebuild.setup;

import java.io.IOException;
import java.io.Serial;

/** Why it cannot go on, in one line for the user: what was tried, on what, and what to do. */
public final class SetupException extends IOException {
    @Serial private static final long serialVersionUID = 1;

    public SetupException(String message) {
        super(message);
    }

    public SetupException(String message, Throwable cause) {
        super(message, cause);
    }
}
