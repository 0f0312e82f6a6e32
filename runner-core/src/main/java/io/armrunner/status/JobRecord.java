package io.armrunner.status;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.Wire;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * A job in the books, as files, the page and the command line have it. Without any value of a
 * variable, and without the explanation of a failure, which may quote one: that stands in the log,
 * masked.
 *
 * @param doing the stage that runs, empty when the job has ended
 * @param script when the first line of the user's script began to run
 * @param log where the log is, relative to the state directory; empty when there is none
 */
public record JobRecord(
        JobKey key,
        String runnerName,
        String lane,
        long project,
        String projectPath,
        String name,
        String ciStage,
        String url,
        double queuedSeconds,
        Instant accepted,
        Optional<Instant> script,
        String doing,
        Optional<JobEnd> end,
        String log) {
    /** Names longer than GitLab's own limit are somebody's joke. */
    private static final int LONGEST = 255;

    static JobRecord of(
            JobFacts job,
            Optional<Instant> script,
            String doing,
            Optional<JobEnd> end,
            String log) {
        return new JobRecord(
                job.key(),
                shortened(job.runner().name()),
                job.lane(),
                job.project(),
                shortened(job.projectPath()),
                shortened(job.name()),
                shortened(job.ciStage()),
                job.url(),
                job.queuedSeconds(),
                job.accepted(),
                script,
                doing,
                end,
                log);
    }

    private static String shortened(String text) {
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST - 1) + "…";
    }

    /** From acceptance to end, or to now. */
    public Duration took(Instant now) {
        return Duration.between(accepted, end.map(JobEnd::at).orElse(now));
    }

    /** As it stands in files and replies. */
    ObjectNode json() {
        ObjectNode json = Wire.mapper().createObjectNode();
        json.put("id", key.job());
        json.put("runner", key.runner());
        json.put("runner_name", runnerName);
        json.put("lane", lane);
        json.put("project_id", project);
        json.put("project", projectPath);
        json.put("name", name);
        json.put("stage", ciStage);
        json.put("url", url);
        json.put("queued_s", queuedSeconds);
        json.put("accepted", accepted.toString());
        script.ifPresent(at -> json.put("script", at.toString()));
        json.put("doing", doing);
        json.put("log", log);
        end.ifPresent(ended -> {
            json.put("result", ended.result().word());
            json.put("failure_reason", ended.failureReason());
            json.put("exit_code", ended.exitCode());
            json.put("delivered", ended.delivered());
            json.put("log_bytes", ended.logBytes());
            json.put("ended", ended.at().toString());
            json.put("duration_s", took(ended.at()).toMillis() / 1000.0);
        });
        return json;
    }

    /** From a file; empty when it is no record. */
    static Optional<JobRecord> of(JsonNode json) {
        try {
            return Optional.of(
                    new JobRecord(
                            new JobKey(json.path("runner").asText(), json.path("id").asLong()),
                            json.path("runner_name").asText(),
                            json.path("lane").asText(),
                            json.path("project_id").asLong(),
                            json.path("project").asText(),
                            json.path("name").asText(),
                            json.path("stage").asText(),
                            json.path("url").asText(),
                            json.path("queued_s").asDouble(),
                            Instant.parse(json.path("accepted").asText()),
                            json.has("script")
                                    ? Optional.of(Instant.parse(json.path("script").asText()))
                                    : Optional.empty(),
                            json.path("doing").asText(),
                            json.has("ended") ? Optional.of(end(json)) : Optional.empty(),
                            json.path("log").asText()));
        } catch (DateTimeException _) {
            return Optional.empty();
        }
    }

    private static JobEnd end(JsonNode json) {
        JobEnd.Result result = JobEnd.Result.LOST;
        for (JobEnd.Result each : JobEnd.Result.values()) {
            if (each.word().equals(json.path("result").asText())) {
                result = each;
            }
        }
        return new JobEnd(
                result,
                json.path("failure_reason").asText(),
                json.path("exit_code").asInt(),
                json.path("delivered").asBoolean(),
                json.path("log_bytes").asLong(),
                Instant.parse(json.path("ended").asText()));
    }
}
