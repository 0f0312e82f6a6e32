package io.armrunner.coordinator;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;

/**
 * One {@code PUT /jobs/:id} that passed the token check.
 *
 * @param at when it arrived
 * @param state its {@code state}
 * @param body the whole body, without the token
 * @param status what was answered; 200 means that it took effect
 */
public record StateUpdate(Instant at, String state, JsonNode body, int status) {
    /** Whether it ends the job. */
    public boolean isFinal() {
        return state.equals("success") || state.equals("failed");
    }

    /** Whether the server took it. */
    public boolean isAccepted() {
        return status == 200;
    }
}
