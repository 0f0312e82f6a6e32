package io.armrunner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.Wire;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What happens in the run of a job and is written down, one line of JSON each: with these a later
 * process walks the same way again up to the point that the earlier one had reached.
 */
sealed interface ProgressEvent {
    /** The job was begun, on a host that was started when it got the id {@code boot}. */
    record Begun(String boot) implements ProgressEvent {}

    /**
     * A stage begins.
     *
     * @param number which of the scripts of the job it is, from 1; 0 for other work
     */
    record StageBegun(String stage, int number) implements ProgressEvent {}

    /** The processes of the stage are told to end; this will be its result. */
    record StageStopping(StageResult result, StopSignal.@Nullable Cause cause)
            implements ProgressEvent {}

    /**
     * A stage has ended.
     *
     * @param cause what aborted the job, if it was
     * @param handle of the environment, if this stage has prepared it
     */
    record StageEnded(
            String stage,
            StageResult result,
            StopSignal.@Nullable Cause cause,
            Optional<String> handle)
            implements ProgressEvent {}

    /** A pause between two tries begins. */
    record Paused() implements ProgressEvent {}

    /** Nothing has happened but that the log and the output went on. */
    record Mark() implements ProgressEvent {}

    /** The job is over but for its delivery. */
    record Ended(Outcome outcome) implements ProgressEvent {}

    /** The event's fields. */
    static ObjectNode json(ProgressEvent event) {
        ObjectNode json = Wire.mapper().createObjectNode();
        switch (event) {
            case Begun(String boot) -> json.put("event", "begun").put("boot", boot);
            case StageBegun(String stage, int number) ->
                    json.put("event", "stage_begun").put("stage", stage).put("number", number);
            case StageStopping(StageResult result, StopSignal.Cause cause) -> {
                json.put("event", "stage_stopping");
                putResult(json, result, cause);
            }
            case StageEnded(
                            String stage,
                            StageResult result,
                            StopSignal.Cause cause,
                            Optional<String> handle) -> {
                json.put("event", "stage_ended").put("stage", stage);
                putResult(json, result, cause);
                handle.ifPresent(word -> json.put("handle", word));
            }
            case Paused() -> json.put("event", "paused");
            case Mark() -> json.put("event", "mark");
            case Ended(Outcome outcome) -> {
                json.put("event", "ended");
                putOutcome(json, outcome);
            }
        }
        return json;
    }

    private static void putResult(
            ObjectNode json, StageResult result, StopSignal.@Nullable Cause cause) {
        switch (result) {
            case StageResult.Passed() -> json.put("result", "passed");
            case StageResult.Exited(int status) ->
                    json.put("result", "exited").put("status", status);
            case StageResult.Killed() -> json.put("result", "killed");
            case StageResult.Cancelled() -> json.put("result", "cancelled");
            case StageResult.TimedOut() -> json.put("result", "timed_out");
            case StageResult.JobEnds() -> json.put("result", "job_ends");
            case StageResult.Broken(JobFailure failure) ->
                    putFailure(json.put("result", "broken"), failure);
            case StageResult.Lost(JobFailure failure) ->
                    putFailure(json.put("result", "lost"), failure);
        }
        switch (cause) {
            case null -> {}
            case StopSignal.Cause.OverForGitLab() -> json.put("cause", "over");
            case StopSignal.Cause.RunnerStops(String signal) -> json.put("cause", signal);
        }
    }

    private static void putFailure(ObjectNode json, JobFailure failure) {
        json.put("reason", failure.reason().name())
                .put("text", String.valueOf(failure.getMessage()))
                .put("exit_code", failure.exitCode());
    }

    private static void putOutcome(ObjectNode json, Outcome outcome) {
        switch (outcome) {
            case Outcome.Succeeded() -> json.put("outcome", "succeeded");
            case Outcome.Over() -> json.put("outcome", "over");
            case Outcome.Failed(FailureReason reason, String explanation, int exitCode) ->
                    json.put("outcome", "failed")
                            .put("reason", reason.name())
                            .put("text", explanation)
                            .put("exit_code", exitCode);
        }
    }

    /** Reads what {@link #json} gave; empty when it is something else. */
    static Optional<ProgressEvent> read(JsonNode json) {
        try {
            return Optional.of(
                    switch (json.path("event").asText()) {
                        case "begun" -> new Begun(json.path("boot").asText());
                        case "stage_begun" ->
                                new StageBegun(
                                        json.path("stage").asText(), json.path("number").asInt());
                        case "stage_stopping" -> new StageStopping(result(json), cause(json));
                        case "stage_ended" ->
                                new StageEnded(
                                        json.path("stage").asText(),
                                        result(json),
                                        cause(json),
                                        Optional.ofNullable(json.get("handle"))
                                                .map(JsonNode::asText));
                        case "paused" -> new Paused();
                        case "mark" -> new Mark();
                        case "ended" -> new Ended(outcome(json));
                        default -> throw new IllegalArgumentException("unknown event");
                    });
        } catch (IllegalArgumentException _) {
            return Optional.empty(); // another version's, or a line that was cut
        }
    }

    private static StageResult result(JsonNode json) {
        return switch (json.path("result").asText()) {
            case "passed" -> new StageResult.Passed();
            case "exited" -> new StageResult.Exited(json.path("status").asInt());
            case "killed" -> new StageResult.Killed();
            case "cancelled" -> new StageResult.Cancelled();
            case "timed_out" -> new StageResult.TimedOut();
            case "job_ends" -> new StageResult.JobEnds();
            case "broken" -> new StageResult.Broken(failure(json));
            case "lost" -> new StageResult.Lost(failure(json));
            default -> throw new IllegalArgumentException("unknown result");
        };
    }

    private static StopSignal.@Nullable Cause cause(JsonNode json) {
        return switch (json.path("cause").asText()) {
            case "" -> null;
            case "over" -> new StopSignal.Cause.OverForGitLab();
            case String signal -> new StopSignal.Cause.RunnerStops(signal);
        };
    }

    private static JobFailure failure(JsonNode json) {
        return new JobFailure(
                FailureReason.valueOf(json.path("reason").asText()),
                json.path("text").asText(),
                json.path("exit_code").asInt());
    }

    private static Outcome outcome(JsonNode json) {
        return switch (json.path("outcome").asText()) {
            case "succeeded" -> new Outcome.Succeeded();
            case "over" -> new Outcome.Over();
            case "failed" ->
                    new Outcome.Failed(
                            FailureReason.valueOf(json.path("reason").asText()),
                            json.path("text").asText(),
                            json.path("exit_code").asInt());
            default -> throw new IllegalArgumentException("unknown outcome");
        };
    }
}
