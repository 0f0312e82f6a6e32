package io.armrunner.codebuild.handover;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.plan.PlanInput;
import io.armrunner.spec.Variable;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One job on its way to the agent. Holds tokens: it exists for the seconds between the start of a
 * build and the agent's claim, encrypted.
 *
 * @param buildArn the one build that it is for
 * @param input settings and place of the plan
 * @param labels of the runner, which GitLab is told with every call
 * @param payload64 the job as GitLab sent it, in Base64
 * @param log64 what the manager wrote of the log, in Base64
 * @param acknowledged how many bytes of it GitLab has, as far as is known
 * @param finalRounds how often the final report is tried
 * @param notes of the build, for the log
 * @param variables that stand beneath the job's own, with values that AWS keeps
 * @param caches requests for the job's caches
 * @param relay the agent's time between two messages if it cannot reach GitLab; zero if it can
 */
public record HandOver(
        String buildArn,
        PlanInput input,
        Map<String, String> labels,
        String payload64,
        String log64,
        long acknowledged,
        int finalRounds,
        Notes notes,
        List<Variable> variables,
        SignedCaches caches,
        Duration relay) {
    private static final int VERSION = 1;

    /**
     * What the agent says of its build in the log.
     *
     * @param title such as {@code arm64 small in eu-west-3}
     * @param queuedSeconds between the start and a free machine
     * @param provisioningSince when the machine began to come up, milliseconds since the epoch
     * @param tariff by which its time is billed
     */
    public record Notes(String title, long queuedSeconds, long provisioningSince, Tariff tariff) {}

    public HandOver {
        labels = Map.copyOf(labels);
        variables = List.copyOf(variables);
    }

    /** One of these bytes. */
    public static HandOver of(
            String buildArn,
            PlanInput input,
            Map<String, String> labels,
            byte[] payload,
            byte[] log,
            long acknowledged,
            int finalRounds,
            Notes notes,
            List<Variable> variables,
            SignedCaches caches,
            Duration relay) {
        Base64.Encoder text = Base64.getEncoder();
        return new HandOver(
                buildArn,
                input,
                labels,
                text.encodeToString(payload),
                text.encodeToString(log),
                acknowledged,
                finalRounds,
                notes,
                variables,
                caches,
                relay);
    }

    /** Whether log and end of the job go by way of the manager. */
    public boolean isRelayed() {
        return relay.isPositive();
    }

    /** The job as GitLab sent it. */
    public byte[] payload() {
        return Base64.getDecoder().decode(payload64);
    }

    /** What the manager wrote of the log. */
    public byte[] log() {
        return Base64.getDecoder().decode(log64);
    }

    /** As it is stored. */
    public byte[] json() {
        ObjectNode json = Wire.mapper().createObjectNode();
        json.put("v", VERSION).put("build_arn", buildArn);
        json.set("input", input.json());
        ObjectNode of = json.putObject("labels");
        labels.forEach(of::put);
        json.put("payload", payload64)
                .put("log", log64)
                .put("acknowledged", acknowledged)
                .put("final_rounds", finalRounds);
        json.putObject("notes")
                .put("title", notes.title())
                .put("queued_seconds", notes.queuedSeconds())
                .put("provisioning_since", notes.provisioningSince())
                .put(notes.tariff().unit().key(), notes.tariff().dollars());
        ArrayNode given = json.putArray("variables");
        variables.forEach(
                each -> given.addObject().put("key", each.key()).put("value", each.value()));
        json.set("caches", caches.json());
        json.put("relay_ms", relay.toMillis());
        return Wire.bytes(json);
    }

    /**
     * Reads {@link #json}.
     *
     * @throws IOException if it is of another version, or broken
     */
    public static HandOver read(byte[] bytes) throws IOException {
        JsonNode json = Wire.tree(bytes);
        if (json.path("v").asInt() != VERSION) {
            throw new IOException(
                    "the job was handed over in version %s, this agent knows version %d; the manager and its agent are of one version as a rule"
                            .formatted(json.path("v"), VERSION));
        }
        Map<String, String> labels = new LinkedHashMap<>();
        json.path("labels")
                .properties()
                .forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
        List<Variable> variables = new ArrayList<>();
        json.path("variables")
                .forEach(each ->
                        variables.add(
                                Variable.masked(
                                        each.path("key").asText(), each.path("value").asText())));
        JsonNode notes = json.path("notes");
        return new HandOver(
                json.path("build_arn").asText(),
                PlanInput.read(json.path("input")),
                labels,
                json.path("payload").asText(),
                json.path("log").asText(),
                json.path("acknowledged").asLong(),
                json.path("final_rounds").asInt(1),
                new Notes(
                        notes.path("title").asText(),
                        notes.path("queued_seconds").asLong(),
                        notes.path("provisioning_since").asLong(),
                        tariff(notes)),
                variables,
                SignedCaches.read(json.path("caches")),
                Duration.ofMillis(json.path("relay_ms").asLong()));
    }

    private static Tariff tariff(JsonNode notes) {
        Tariff.Unit unit =
                notes.has(Tariff.Unit.SECOND.key()) ? Tariff.Unit.SECOND : Tariff.Unit.MINUTE;
        return new Tariff(unit, notes.path(unit.key()).asDouble());
    }

    @Override
    public String toString() {
        return "HandOver[" + buildArn + "]";
    }
}
