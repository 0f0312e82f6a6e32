package io.armrunner.secrets;

import io.armrunner.spec.JobFailure;
import io.armrunner.spec.Secret;
import java.util.Optional;

/** One kind of server that keeps secrets. Safe for many jobs at once. */
public interface SecretProvider {
    /** GitLab's word for it, which is its key in the payload. */
    String name();

    /**
     * Fetches one secret. Blocks for the calls that it takes; each has a limit of its own.
     *
     * @return empty when the server is there and has no such secret
     * @throws JobFailure when it could not be asked; {@link
     *     io.armrunner.spec.FailureReason#RUNNER_CONFIGURATION_ERROR} if asking again is of no use
     */
    Optional<Secret> fetch(SecretRequest request) throws JobFailure, InterruptedException;
}
