package io.armrunner.coordinator;

import java.util.Optional;

/**
 * Which job a call is about and whether its sender may act on it (runner-protocol §12). Under the
 * books' lock.
 */
final class JobGate {
    private final Books books;

    JobGate(Books books) {
        this.books = books;
    }

    /** Either the job, or why not. */
    sealed interface Verdict {
        record Open(CoordinatorJob job) implements Verdict {}

        record Closed(Reply reply) implements Verdict {}
    }

    /** Checks the job, its token and its state. */
    Verdict check(Call call, String token) {
        long id = call.route().jobId().orElseThrow();
        Optional<CoordinatorJob> found = books.job(id);
        if (found.isEmpty()) {
            return refuse(call, Reply.refused(403, "there is no job " + id));
        }
        CoordinatorJob job = found.get();
        if (token.isEmpty()) {
            return refuse(call, Reply.refused(403, "the job token is missing"));
        }
        if (!token.equals(job.token().value())) {
            return refuse(call, Reply.refused(403, "the token is not that of job " + id));
        }
        job.lateCall(call.route().endpoint()).ifPresent(books::violation);
        JobState state = job.currentState();
        if (!state.isExecuting()) {
            return new Verdict.Closed(
                    Reply.refused(403, "job " + id + " is " + state.wireName() + ", not running")
                            .with("Job-Status", state.wireName()));
        }
        return new Verdict.Open(job);
    }

    /** The token in the header {@code JOB-TOKEN}, or in the query. */
    static String headerToken(Call call) {
        return call.exchange()
                .header("job-token")
                .orElseGet(() -> call.exchange().query().getOrDefault("token", ""));
    }

    /**
     * The answer with the job's state; notes that the runner now knows it when it says that the job
     * is over.
     */
    Reply withStatus(CoordinatorJob job, Reply reply) {
        return reply.with("Job-Status", job.currentState().wireName())
                .with(
                        "X-GitLab-Trace-Update-Interval",
                        Long.toString(books.settings().updateInterval().toSeconds()));
    }

    private Verdict refuse(Call call, Reply reply) {
        books.violation(call.what() + ": " + reply.body());
        return new Verdict.Closed(reply);
    }
}
