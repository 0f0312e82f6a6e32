package io.armrunner.coordinator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code PUT /jobs/:id}: the job's state (runner-protocol §5). */
final class UpdateApi {
    /** Sent whatever the server knows (§5.5). */
    private static final List<String> ALWAYS =
            List.of(
                    "script_failure",
                    "runner_system_failure",
                    "job_execution_timeout",
                    "unknown_failure");

    private final Books books;
    private final JobGate gate;

    UpdateApi(Books books) {
        this.books = books;
        this.gate = new JobGate(books);
    }

    Reply answer(Call call) {
        String token = call.field("token");
        if (token.isEmpty()) {
            books.violation(call.what() + " without token in the body");
            return Reply.invalid("token is missing");
        }
        record Result(Reply reply, @Nullable CoordinatorJob ended) {}
        Result result =
                books.changing(() ->
                        switch (gate.check(call, token)) {
                            case JobGate.Verdict.Closed closed ->
                                    new Result(note(call, closed.reply()), null);
                            case JobGate.Verdict.Open open -> {
                                JobState before = open.job().currentState();
                                Reply reply = take(call, open.job());
                                yield new Result(
                                        reply,
                                        before == open.job().currentState() ? null : open.job());
                            }
                        });
        CoordinatorJob ended = result.ended();
        if (ended != null) {
            ended.tellState(ended.state());
        }
        return result.reply();
    }

    /** Keeps an update that came too late with the job that it was for. */
    private Reply note(Call call, Reply reply) {
        if (reply.headers().containsKey("Job-Status")) {
            books.job(call.route().jobId().orElseThrow())
                    .ifPresent(job -> job.note(record(call, reply.status())));
        }
        return reply;
    }

    private Reply take(Call call, CoordinatorJob job) {
        String state = call.field("state");
        Reply reply =
                switch (state) {
                    case "running" -> Reply.number(200);
                    case "success", "failed" -> {
                        checkFinal(call.json(), state, job);
                        end(call.json(), state, job);
                        yield Reply.number(200);
                    }
                    default -> {
                        books.violation(call.what() + " with state \"" + state + "\"");
                        yield Reply.invalid("state does not have a valid value");
                    }
                };
        if (!call.isJson()) {
            books.violation(call.what() + " with Content-Type " + call.contentType());
        }
        if (!call.exchange().header("job-token").orElse("").equals(job.token().value())) {
            books.violation(call.what() + " without the job's token in JOB-TOKEN");
        }
        job.note(record(call, reply.status()));
        return gate.withStatus(job, reply);
    }

    private void end(JsonNode body, String state, CoordinatorJob job) {
        JsonNode code = body.path("exit_code");
        String reason = body.path("failure_reason").asText("");
        JobState end =
                job.currentState() == JobState.CANCELING
                        ? JobState.CANCELED
                        : state.equals("success") ? JobState.SUCCESS : JobState.FAILED;
        boolean failed = state.equals("failed");
        job.finish(
                end,
                failed ? (reason.isEmpty() ? "unknown_failure" : reason) : null,
                failed && code.isIntegralNumber() ? code.asInt() : null);
    }

    /** The strict part: GitLab would let these pass. */
    private void checkFinal(JsonNode body, String state, CoordinatorJob job) {
        String which = "the final update of job " + job.id();
        LogSpool log = job.spool();
        JsonNode output = body.path("output");
        if (state.equals("failed") && !body.has("checksum") && !body.has("output")) {
            // Of a job whose engine is gone nobody knows the log's bytes.
            return;
        }
        if (!output.path("checksum").asText().equals(log.checksum())) {
            books.violation(
                    which
                            + " has the checksum "
                            + output.path("checksum").asText()
                            + ", the log "
                            + log.checksum());
        }
        if (output.path("bytesize").asLong(-1) != log.size()) {
            books.violation(
                    which + " has the size " + output.path("bytesize") + ", the log " + log.size());
        }
        if (body.has("checksum") && !body.path("checksum").equals(output.path("checksum"))) {
            books.violation(which + " has two different checksums");
        }
        JsonNode code = body.path("exit_code");
        if (!code.isMissingNode() && (!code.isIntegralNumber() || code.asLong() == 0)) {
            books.violation(which + " has the exit_code " + code);
        }
        if (state.equals("success")) {
            if (body.has("failure_reason") || body.has("exit_code")) {
                books.violation(which + " is a success with a failure_reason or an exit_code");
            }
            return;
        }
        String reason = body.path("failure_reason").asText("");
        Set<String> known = new HashSet<>(ALWAYS);
        job.wire()
                .path("features")
                .path("failure_reasons")
                .forEach(entry -> known.add(entry.asText()));
        // A job found canceling when it is accepted is the one case for the literal word (§3.7).
        boolean literal = reason.equals("job_canceled") && job.currentState() == JobState.CANCELING;
        if (!known.contains(reason) && !literal) {
            books.violation(
                    which
                            + " has the failure_reason \""
                            + reason
                            + "\", which the server does not know");
        }
    }

    private StateUpdate record(Call call, int status) {
        ObjectNode body = call.json().deepCopy();
        body.remove("token");
        return new StateUpdate(books.now(), call.field("state"), body, status);
    }
}
