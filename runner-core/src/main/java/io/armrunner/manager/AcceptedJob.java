package io.armrunner.manager;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.plan.JobPlace;
import io.armrunner.plan.PlanInput;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.spec.Wire;

/**
 * What a later process needs of an accepted job besides its payload: with the settings and the
 * place that it had, its plan comes out the same.
 *
 * @param acceptedAt in milliseconds since the epoch
 * @param settings of its runner at that time; they name the runner as well
 * @param place where it runs
 * @param lane the lane's name; empty for the only one
 * @param waits whether it has no lane yet: then the place says only what came with the job
 */
record AcceptedJob(
        long acceptedAt, RunnerSettings settings, JobPlace place, String lane, boolean waits) {
    /** A job of a runner with one lane. */
    AcceptedJob(long acceptedAt, RunnerSettings settings, JobPlace place) {
        this(acceptedAt, settings, place, "", false);
    }

    /** A job that is still without a lane. */
    static AcceptedJob waiting(
            long acceptedAt, RunnerSettings settings, String correlationId, JobPlace.TlsFiles tls) {
        return new AcceptedJob(
                acceptedAt,
                settings,
                new JobPlace("", "", 0, 0, true, false, "", correlationId, tls),
                "",
                true);
    }

    /** As it is written to the disk; holds the key of a client certificate, if there is one. */
    byte[] json() {
        return Wire.bytes(
                new PlanInput(settings, place)
                        .json()
                        .put("accepted_at", acceptedAt)
                        .put("lane", lane)
                        .put("waits", waits));
    }

    /** Reads {@link #json}; what an older version did not write is as if it were not configured. */
    static AcceptedJob read(byte[] bytes) throws JsonProcessingException {
        JsonNode json = Wire.tree(bytes);
        PlanInput input = PlanInput.read(json);
        return new AcceptedJob(
                json.path("accepted_at").asLong(),
                input.settings(),
                input.place(),
                json.path("lane").asText(),
                json.path("waits").asBoolean());
    }
}
