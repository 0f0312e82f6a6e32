package io.armrunner.protocol;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonMappingException;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A job that GitLab has handed out and nobody here can read. It is ours all the same, so GitLab is
 * told at once, or its user would wait for the job's time-out.
 *
 * @param id GitLab's number of it
 * @param token of the job
 */
record UnreadableJob(long id, Secret token) {
    private static final Logger LOG = LoggerFactory.getLogger(UnreadableJob.class);

    /** Which job it is, if at least that can be read; what stands behind may be no JSON at all. */
    static Optional<UnreadableJob> of(byte[] payload) {
        long id = 0;
        Secret token = Secret.NONE;
        try (JsonParser parser = Wire.mapper().createParser(payload)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return Optional.empty();
            }
            while ((id == 0 || token.isEmpty()) && parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if (name.equals("id") && value == JsonToken.VALUE_NUMBER_INT) {
                    id = parser.getLongValue();
                } else if (name.equals("token") && value == JsonToken.VALUE_STRING) {
                    token = Secret.of(parser.getText());
                } else {
                    parser.skipChildren();
                }
            }
        } catch (IOException e) {
            LOG.debug("no_job_in_payload cause={}", e.getClass().getSimpleName());
        }
        return id == 0 || token.isEmpty()
                ? Optional.empty()
                : Optional.of(new UnreadableJob(id, token));
    }

    /** The field that is not as it should be; never its value. */
    static String field(JsonProcessingException failure) {
        if (failure instanceof JsonMappingException mapping && !mapping.getPath().isEmpty()) {
            return mapping.getPath().stream()
                    .map(step ->
                            step.getFieldName() == null
                                    ? "[" + step.getIndex() + "]"
                                    : step.getFieldName())
                    .collect(Collectors.joining("."))
                    .replace(".[", "[");
        }
        return "";
    }

    /** Ends the job as failed, with the explanation as its whole log. */
    void fail(JobReports reports, String explanation) throws InterruptedException {
        byte[] log =
                ("\u001b[31;1mERROR: Job failed (system failure): " + explanation + "\u001b[0;m\n")
                        .getBytes(StandardCharsets.UTF_8);
        CRC32 checksum = new CRC32();
        checksum.update(log);
        try {
            reports.patch(0, log, log.length);
            reports.update(
                    JobUpdate.Failed.of(
                            new JobUpdate.LogState((int) checksum.getValue(), log.length),
                            FailureReason.RUNNER_SYSTEM_FAILURE));
        } catch (IOException e) {
            LOG.error("job_not_refused job={} error=\"{}\"", id, e.toString());
        }
    }
}
