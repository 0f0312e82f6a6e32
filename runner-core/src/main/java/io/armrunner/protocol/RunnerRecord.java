package io.armrunner.protocol;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.http.HttpReply;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The runner as GitLab describes it after a call on it; what is missing is 0, empty or absent.
 *
 * @param tokenExpiresAt as it was sent
 */
record RunnerRecord(long id, Secret token, Optional<String> tokenExpiresAt) {
    private static final Logger LOG = LoggerFactory.getLogger(RunnerRecord.class);
    // The record has some hundred bytes.
    private static final int LIMIT = 64 * 1024;

    boolean hasToken() {
        return !token.isEmpty();
    }

    /** Empty when the body is no usable JSON (pseudo status -1 of runner-protocol §1.7). */
    static Optional<RunnerRecord> read(HttpReply reply) throws IOException {
        if (!ErrorBody.isJson(reply)) {
            return Optional.empty();
        }
        byte[] body = reply.body(LIMIT);
        try {
            JsonNode runner = Wire.tree(body);
            return Optional.of(
                    new RunnerRecord(
                            runner.path("id").asLong(),
                            Secret.of(runner.path("token").textValue()),
                            Optional.ofNullable(runner.path("token_expires_at").textValue())
                                    .filter(text -> !text.isEmpty())));
        } catch (JsonProcessingException e) {
            LOG.debug("gitlab.runner-unreadable cause={}", e.getClass().getSimpleName());
            return Optional.empty();
        }
    }

    /** When the token ends. A time that cannot be read must not cost the new token. */
    Optional<Instant> expiresAt() {
        try {
            return tokenExpiresAt.map(text -> OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeException e) {
            LOG.error(
                    "gitlab.token-expiry-unreadable runner={} value=\"{}\" effect=no-rotation",
                    id,
                    tokenExpiresAt.orElse(""));
            return Optional.empty();
        }
    }
}
