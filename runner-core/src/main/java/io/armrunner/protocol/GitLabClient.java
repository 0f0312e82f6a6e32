package io.armrunner.protocol;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import io.armrunner.http.HttpReply;
import io.armrunner.http.HttpRequest;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One runner's view of its GitLab: asks for jobs and reports on them. One for each (url, token, CA,
 * certificate).
 *
 * <p>Thread-safe: {@code lastUpdate} is a single value that the latest reply sets (runner-protocol
 * §3.3).
 */
public final class GitLabClient implements JobSource {
    private static final Logger LOG = LoggerFactory.getLogger(GitLabClient.class);
    // GitLab's front end refuses larger requests with 413.
    private static final int MAX_REQUEST = 32 * 1024;
    // Payloads have some ten KB; variables may make them large, but not as large as this.
    private static final int MAX_PAYLOAD = 64 << 20;

    private final RetryingCaller caller;
    private final GitLabUrl url;
    private final Secret token;
    private final String systemId;
    private final RawValue info;
    private volatile @Nullable String lastUpdate;

    public GitLabClient(
            RetryingCaller caller, GitLabUrl url, Secret token, String systemId, ManagerInfo info) {
        this.caller = caller;
        this.url = url;
        this.token = token;
        this.systemId = systemId;
        this.info = info.wire();
    }

    /** The reports of one job of this runner. */
    public JobReports reports(long jobId, Secret jobToken, boolean debugTrace) {
        return new GitLabJobReports(caller, url, jobId, jobToken, debugTrace, info);
    }

    @Override
    public JobReply request(boolean mayBeHeld) throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.of("POST", url.call("jobs/request"))
                        .with("RUNNER-TOKEN", token.value())
                        .with("Content-Type", "application/json")
                        .with("Accept", "application/json")
                        .with(body(mayBeHeld));
        try (RetryingCaller.Outcome outcome = caller.call(request)) {
            HttpReply reply = outcome.reply();
            reply.header("X-GitLab-Last-Update")
                    .filter(value -> !value.isEmpty())
                    .ifPresent(this::remember);
            int retriable = outcome.retriable();
            return switch (reply.status()) {
                case 201 -> job(outcome);
                case 204 -> new JobReply.NoJob(retriable);
                case 403 -> new JobReply.Forbidden(retriable, outcome.correlationId());
                case 409 -> new JobReply.Conflict(retriable);
                default ->
                        new JobReply.Failed(
                                reply.status(),
                                ErrorBody.read(reply),
                                retriable,
                                outcome.correlationId());
            };
        }
    }

    private void remember(String value) {
        lastUpdate = value;
    }

    private byte[] body(boolean mayBeHeld) throws IOException {
        ObjectNode body = Wire.mapper().createObjectNode();
        body.putRawValue("info", info);
        body.put("token", token.value());
        body.put("system_id", systemId);
        String seen = lastUpdate;
        // GitLab holds only a request that says what it has seen.
        if (seen != null && mayBeHeld) {
            body.put("last_update", seen);
        }
        byte[] bytes = Wire.bytes(body);
        if (bytes.length > MAX_REQUEST) {
            throw new IOException(
                    "the request for a job has %d bytes and GitLab takes at most %d: use fewer or shorter labels"
                            .formatted(bytes.length, MAX_REQUEST));
        }
        return bytes;
    }

    private JobReply job(RetryingCaller.Outcome outcome) throws IOException, InterruptedException {
        HttpReply reply = outcome.reply();
        if (!ErrorBody.isJson(reply)) {
            return broken(outcome, "a job that is not application/json");
        }
        byte[] raw = reply.body(MAX_PAYLOAD);
        try {
            return new JobReply.Job(
                    Wire.payload(raw),
                    raw,
                    outcome.correlationId(),
                    reply.peerCertificates(),
                    outcome.retriable());
        } catch (JsonProcessingException e) {
            String field = UnreadableJob.field(e);
            String what =
                    field.isEmpty()
                            ? "a job whose JSON is broken"
                            : "a job whose field %s is not what it should be".formatted(field);
            Optional<UnreadableJob> job = UnreadableJob.of(raw);
            if (job.isPresent()) {
                job.get()
                        .fail(
                                reports(job.get().id(), job.get().token(), false),
                                "GitLab sent " + what);
            }
            return broken(outcome, what);
        }
    }

    private static JobReply broken(RetryingCaller.Outcome outcome, String what) {
        LOG.error("gitlab.job-lost cause=\"{}\" correlation_id={}", what, outcome.correlationId());
        return new JobReply.Failed(-1, what, outcome.retriable(), outcome.correlationId());
    }
}
