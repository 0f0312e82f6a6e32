package io.armrunner.protocol;

import io.armrunner.spec.Secret;
import java.time.Instant;
import java.util.Optional;

/** GitLab's answer to {@code POST /runners} (runner-protocol §2.3). */
public sealed interface RegisterReply {
    /**
     * 201: the runner exists and has a token of its own.
     *
     * @param expiresAt when the token ends; empty for never
     */
    record Registered(long id, Secret token, Optional<Instant> expiresAt)
            implements RegisterReply {}

    /** 403: GitLab does not know the registration token. */
    record Forbidden(String message) implements RegisterReply {}

    /** 410: this GitLab takes no registration tokens (any more). */
    record TokensDisabled(String message) implements RegisterReply {}

    /** Any other status after all retries, or -1 for a 201 whose body is no usable JSON. */
    record Failed(int httpStatus, String message) implements RegisterReply {}
}
