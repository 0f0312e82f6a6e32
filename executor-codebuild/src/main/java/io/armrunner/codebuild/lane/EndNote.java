package io.armrunner.codebuild.lane;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.codebuild.handover.Receipt;
import io.armrunner.lane.RemoteEnd;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.nio.file.Path;

/**
 * How a job ended, for a later process: written before the build's objects go, because they would
 * have told it.
 */
sealed interface EndNote {
    /** In a job's directory: the log that GitLab did not take. */
    String LOG = "trace.whole";

    /**
     * The agent said it.
     *
     * @param kept whether the whole log is in the job's directory, for GitLab has not all of it
     */
    record Told(Receipt receipt, boolean kept) implements EndNote {}

    /** The agent said it, and GitLab is to hear it from here: its whole log is here. */
    record Relayed(Receipt receipt) implements EndNote {}

    /**
     * Nobody did.
     *
     * @param begun whether the agent had the job
     */
    record Lost(FailureReason reason, String message, boolean begun) implements EndNote {}

    /** As the engine wants to hear it. */
    default RemoteEnd end(Path directory) {
        return switch (this) {
            case Told(Receipt receipt, boolean kept) -> {
                RemoteEnd.Delivered told = delivered(receipt);
                if (kept) {
                    yield new RemoteEnd.Unreported(told, directory.resolve(LOG));
                }
                yield receipt.over() ? new RemoteEnd.Over() : told;
            }
            case Relayed(Receipt receipt) -> new RemoteEnd.Relayed(delivered(receipt));
            case Lost(FailureReason reason, String message, boolean begun) ->
                    new RemoteEnd.Lost(new JobFailure(reason, message), begun);
        };
    }

    private static RemoteEnd.Delivered delivered(Receipt receipt) {
        return new RemoteEnd.Delivered(
                receipt.state(), receipt.reason(), receipt.exitCode(), receipt.logBytes());
    }

    /** As it is written. */
    default ObjectNode json() {
        ObjectNode json = Wire.mapper().createObjectNode();
        switch (this) {
            case Told(Receipt receipt, boolean kept) ->
                    json.put("receipt", receipt.json()).put("kept", kept);
            case Relayed(Receipt receipt) -> json.put("relayed", receipt.json());
            case Lost(FailureReason reason, String message, boolean begun) ->
                    json.put("reason", reason.name()).put("message", message).put("begun", begun);
        }
        return json;
    }

    /** Reads {@link #json}. */
    static EndNote read(JsonNode json) throws IOException {
        if (json.has("receipt")) {
            return new Told(
                    Receipt.read(json.path("receipt").binaryValue()),
                    json.path("kept").asBoolean());
        }
        if (json.has("relayed")) {
            return new Relayed(Receipt.read(json.path("relayed").binaryValue()));
        }
        try {
            return new Lost(
                    FailureReason.valueOf(json.path("reason").asText()),
                    json.path("message").asText(),
                    json.path("begun").asBoolean());
        } catch (IllegalArgumentException e) {
            throw new IOException("no reason of a failure: " + json, e);
        }
    }
}
