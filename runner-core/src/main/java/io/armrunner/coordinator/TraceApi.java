package io.armrunner.coordinator;

import java.io.IOException;
import java.util.Optional;

/** {@code PATCH /jobs/:id/trace}: the log (runner-protocol §4). */
final class TraceApi {
    /** What a runner may send at once; a front end that takes less is the operator's doing. */
    private static final int PATCH_LIMIT = 1 << 20;

    private final Books books;
    private final JobGate gate;

    TraceApi(Books books) {
        this.books = books;
        this.gate = new JobGate(books);
    }

    /** {@code first-last}, both inclusive, without unit and total (§4.1). */
    record ContentRange(long first, long last) {
        static Optional<ContentRange> parse(String header) {
            int dash = header.indexOf('-');
            if (dash <= 0) {
                return Optional.empty();
            }
            try {
                long first = Long.parseLong(header.substring(0, dash));
                long last = Long.parseLong(header.substring(dash + 1));
                return first < 0 || last < first - 1
                        ? Optional.empty()
                        : Optional.of(new ContentRange(first, last));
            } catch (NumberFormatException e) {
                return Optional.empty();
            }
        }
    }

    Reply answer(Call call) throws IOException, InterruptedException {
        JobGate.Verdict verdict = books.changing(() -> gate.check(call, JobGate.headerToken(call)));
        return switch (verdict) {
            case JobGate.Verdict.Closed closed -> closed.reply();
            case JobGate.Verdict.Open open -> take(call, open.job());
        };
    }

    private Reply take(Call call, CoordinatorJob job) throws IOException, InterruptedException {
        String header = call.exchange().header("content-range").orElse("");
        Optional<ContentRange> range = ContentRange.parse(header);
        if (range.isEmpty()) {
            books.violation(call.what() + " with the Content-Range \"" + header + "\"");
            return Reply.refused(400, "Missing header Content-Range, as in 0-99");
        }
        Optional<byte[]> body = Call.read(call.exchange(), PATCH_LIMIT);
        if (body.isEmpty()) {
            books.violation(call.what() + " with more than " + PATCH_LIMIT + " bytes");
            return Reply.refused(413, "a patch has at most " + PATCH_LIMIT + " bytes");
        }
        byte[] bytes = body.get();
        checkForm(call, range.get(), bytes.length);
        job.delivery.lockInterruptibly();
        try {
            long before = job.logSize();
            Reply reply = books.changing(() -> append(call, job, range.get().first(), bytes));
            if (reply.status() == 202 && bytes.length > 0) {
                job.tellLog(before, bytes);
            } else if (reply.status() == 403) {
                job.tellState(job.state());
            }
            return reply;
        } finally {
            job.delivery.unlock();
        }
    }

    private Reply append(Call call, CoordinatorJob job, long first, byte[] bytes) {
        if (!job.currentState().isExecuting()) {
            // It ended while the body was on its way.
            return gate.withStatus(
                    job, Reply.refused(403, "job " + job.id() + " is not running any more"));
        }
        long limit = books.settings().logLimit();
        if (first + bytes.length > limit) {
            job.refuse("trace_size_exceeded");
            return gate.withStatus(
                    job, Reply.refused(403, "the log has more than " + limit + " bytes"));
        }
        long size = job.spool().size();
        if (first != size) {
            return Reply.refused(416, "the log has " + size + " bytes").with("Range", "0-" + size);
        }
        if (bytes.length > 0) {
            job.append(bytes, "true".equals(call.exchange().query().get("debug_trace")));
        }
        return gate.withStatus(job, Reply.number(202)).with("Range", "0-" + job.spool().size());
    }

    /** The strict part: GitLab would let these pass. */
    private void checkForm(Call call, ContentRange range, int length) {
        if (length == 0) {
            books.violation(call.what() + " without a byte");
        }
        if (range.last() - range.first() + 1 != length) {
            books.violation(
                    "%s with the Content-Range %d-%d and %d bytes"
                            .formatted(call.what(), range.first(), range.last(), length));
        }
        if (!call.contentType().equals("text/plain")) {
            books.violation(call.what() + " with Content-Type " + call.contentType());
        }
        String debug = call.exchange().query().getOrDefault("debug_trace", "");
        if (!debug.equals("true") && !debug.equals("false")) {
            books.violation(call.what() + " with debug_trace \"" + debug + "\"");
        }
    }
}
