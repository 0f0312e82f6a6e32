package io.armrunner.protocol;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import io.armrunner.http.HttpReply;
import io.armrunner.http.HttpRequest;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Log and state of one job over GitLab's REST API (runner-protocol §4.1, §4.2, §5.1, §5.2). Holds
 * no buffer.
 */
public final class GitLabJobReports implements JobReports {
    private static final Logger LOG = LoggerFactory.getLogger(GitLabJobReports.class);

    private final RetryingCaller caller;
    private final GitLabUrl url;
    private final long jobId;
    private final Secret jobToken;
    private final boolean debugTrace;
    private final RawValue info;

    /**
     * @param debugTrace whether the job's log shows more than it should: GitLab restricts who may
     *     read it
     * @param info from {@link ManagerInfo#wire}, shared by all jobs
     */
    GitLabJobReports(
            RetryingCaller caller,
            GitLabUrl url,
            long jobId,
            Secret jobToken,
            boolean debugTrace,
            RawValue info) {
        this.caller = caller;
        this.url = url;
        this.jobId = jobId;
        this.jobToken = jobToken;
        this.debugTrace = debugTrace;
        this.info = info;
    }

    @Override
    public PatchReply patch(long offset, byte[] bytes, int length)
            throws IOException, InterruptedException {
        if (length <= 0 || length > MAX_PATCH_BYTES) {
            throw new IllegalArgumentException(
                    "a patch has 1 to %d bytes, not %d".formatted(MAX_PATCH_BYTES, length));
        }
        HttpRequest request =
                HttpRequest.of(
                                "PATCH",
                                url.call("jobs/" + jobId + "/trace?debug_trace=" + debugTrace))
                        .with("JOB-TOKEN", jobToken.value())
                        .with("Content-Type", "text/plain")
                        .with("Content-Range", offset + "-" + (offset + length - 1))
                        .with(bytes, length);
        try (RetryingCaller.Outcome outcome = caller.call(request)) {
            log("trace", outcome);
            return patchReply(outcome.reply());
        }
    }

    @Override
    public UpdateReply update(JobUpdate update) throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.of("PUT", url.call("jobs/" + jobId))
                        .with("JOB-TOKEN", jobToken.value())
                        .with("Content-Type", "application/json")
                        .with(Wire.bytes(json(update)));
        try (RetryingCaller.Outcome outcome = caller.call(request)) {
            log("update", outcome);
            return updateReply(outcome.reply());
        }
    }

    private void log(String call, RetryingCaller.Outcome outcome) {
        int status = outcome.reply().status();
        if (status >= 300) {
            LOG.warn(
                    "gitlab.{}-refused job={} status={} message=\"{}\" correlation_id={}",
                    call,
                    jobId,
                    status,
                    ErrorBody.read(outcome.reply()),
                    outcome.correlationId());
        }
    }

    private static PatchReply patchReply(HttpReply reply) {
        JobStatus status = JobHeaders.status(reply);
        Optional<Duration> interval = JobHeaders.interval(reply);
        // The job's state counts before the status code.
        if (status == JobStatus.OVER) {
            return new PatchReply.Abort(status, interval);
        }
        return switch (reply.status()) {
            case 202 -> new PatchReply.Accepted(status, interval);
            case 403 -> new PatchReply.Abort(status, interval);
            case 404 -> new PatchReply.NotFound(status, interval);
            case 416 ->
                    new PatchReply.RangeMismatch(JobHeaders.storedLength(reply), status, interval);
            default -> new PatchReply.Failed(reply.status(), status, interval);
        };
    }

    private static UpdateReply updateReply(HttpReply reply) {
        JobStatus status = JobHeaders.status(reply);
        Optional<Duration> interval = JobHeaders.interval(reply);
        // A final "failed" is answered with 200 and Job-Status: failed, which only means
        // "finished".
        if (status == JobStatus.OVER) {
            return new UpdateReply.Abort(reply.status(), status, interval);
        }
        return switch (reply.status()) {
            case 200 -> new UpdateReply.Done(status, interval);
            case 202 -> new UpdateReply.AcceptedNotCompleted(status, interval);
            case 403, 404 -> new UpdateReply.Abort(reply.status(), status, interval);
            case 412 -> new UpdateReply.TraceValidationFailed(status, interval);
            default -> new UpdateReply.Failed(reply.status(), status, interval);
        };
    }

    private ObjectNode json(JobUpdate update) {
        ObjectNode body = Wire.mapper().createObjectNode();
        body.putRawValue("info", info);
        body.put("token", jobToken.value());
        switch (update) {
            case JobUpdate.Accepted _ -> body.put("state", "running").putObject("output");
            case JobUpdate.KeepAlive(JobUpdate.LogState log) ->
                    output(body.put("state", "running"), log);
            case JobUpdate.FailedElsewhere(String reason) ->
                    body.put("state", "failed").put("failure_reason", reason);
            case JobUpdate.Success(JobUpdate.LogState log) ->
                    output(body.put("state", "success"), log);
            case JobUpdate.Failed failed -> {
                body.put("state", "failed");
                if (!failed.reason().isEmpty()) {
                    body.put("failure_reason", failed.reason());
                }
                Integer exitCode = failed.exitCode();
                if (exitCode != null && exitCode != 0) {
                    body.put("exit_code", exitCode);
                }
                output(body, failed.log());
            }
        }
        return body;
    }

    private static void output(ObjectNode body, JobUpdate.LogState log) {
        // Twice: old servers read the outer one.
        body.put("checksum", log.checksum());
        body.putObject("output").put("checksum", log.checksum()).put("bytesize", log.size());
    }
}
