package io.armrunner.protocol;

import java.time.Instant;
import java.util.Optional;

/** GitLab's answer to {@code POST /runners/verify} (runner-protocol §2.3). */
public sealed interface VerifyReply {
    /**
     * 200: the token is valid.
     *
     * @param id more than 0
     * @param expiresAt when the token ends; empty for never
     */
    record Valid(long id, Optional<Instant> expiresAt) implements VerifyReply {}

    /** 200 without an id: the token is valid, but a runner cannot be registered with so little. */
    record Alive() implements VerifyReply {}

    /** 403: GitLab does not know the token. */
    record Forbidden(String message) implements VerifyReply {}

    /** Any other status after all retries: says nothing about the token. */
    record Failed(int httpStatus, String message) implements VerifyReply {}
}
