package io.armrunner.protocol;

import io.armrunner.spec.Secret;
import java.time.Instant;
import java.util.Optional;

/**
 * GitLab's answer to {@code POST /runners/reset_authentication_token} (runner-protocol §2.3, §2.4).
 */
public sealed interface ResetReply {
    /**
     * 201: the old token is dead from now on.
     *
     * @param expiresAt when the new one ends; empty for never
     */
    record Replaced(Secret token, Optional<Instant> expiresAt) implements ResetReply {}

    /** 403: GitLab does not know the token. */
    record Forbidden(String message) implements ResetReply {}

    /** Any other status after all retries, or -1 for a 201 whose body is no usable JSON. */
    record Failed(int httpStatus, String message) implements ResetReply {}
}
