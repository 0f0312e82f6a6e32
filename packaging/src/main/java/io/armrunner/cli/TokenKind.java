package io.armrunner.cli;

import io.armrunner.spec.Secret;

/** What a runner's token says of how the runner was made (runner-protocol §1.2). */
enum TokenKind {
    /**
     * The runner was created in GitLab, which keeps its attributes; several machines may share it.
     */
    CREATED,
    /** The runner came from a registration token, or the token is one. */
    LEGACY;

    static TokenKind of(Secret token) {
        return token.value().startsWith("glrt-") ? CREATED : LEGACY;
    }

    boolean isCreated() {
        return this == CREATED;
    }
}
