package io.armrunner.codebuild.handover;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.spec.Wire;

/**
 * How the agent's job ended. Only a receipt says that a job was delivered: a build that ends well
 * proves nothing.
 *
 * @param accepted whether GitLab took the end, or wants to hear no more
 * @param over whether GitLab said that the job is over before its end
 * @param state {@code success} or {@code failed}
 * @param reason of a failure, in GitLab's words; empty for none
 * @param explanation of a failure
 * @param exitCode of a script, 0 for none
 * @param logBytes the length of the whole log
 */
public record Receipt(
        boolean accepted,
        boolean over,
        String state,
        String reason,
        String explanation,
        int exitCode,
        long logBytes) {
    /** The same of a job whose end the manager has to tell GitLab; one that is over stays so. */
    public Receipt relayed() {
        return over
                ? this
                : new Receipt(false, false, state, reason, explanation, exitCode, logBytes);
    }

    /** As it is stored. */
    public byte[] json() {
        return Wire.bytes(
                Wire.mapper()
                        .createObjectNode()
                        .put("v", 1)
                        .put("accepted", accepted)
                        .put("over", over)
                        .put("state", state)
                        .put("reason", reason)
                        .put("explanation", explanation)
                        .put("exit_code", exitCode)
                        .put("log_bytes", logBytes));
    }

    /** Reads {@link #json}. */
    public static Receipt read(byte[] bytes) throws JsonProcessingException {
        JsonNode json = Wire.tree(bytes);
        return new Receipt(
                json.path("accepted").asBoolean(),
                json.path("over").asBoolean(),
                json.path("state").asText(),
                json.path("reason").asText(),
                json.path("explanation").asText(),
                json.path("exit_code").asInt(),
                json.path("log_bytes").asLong());
    }
}
