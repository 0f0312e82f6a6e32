package io.armrunner.coordinator;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** {@code POST /jobs/request}: hands jobs out (runner-protocol §3.1 to §3.4, §11). */
final class JobRequestApi {
    /** Workhorse's own limit (§3.1). */
    private static final int BODY_LIMIT = 32 * 1024;

    /** How often a held request looks at the clock and at whether its client is still there. */
    private static final Duration LOOK = Duration.ofMillis(100);

    private static final String LAST_UPDATE = "X-GitLab-Last-Update";

    private final Books books;
    private final AtomicInteger held = new AtomicInteger();

    JobRequestApi(Books books) {
        this.books = books;
    }

    /** How many requests wait for a change of the queue. */
    int held() {
        return held.get();
    }

    @Nullable Reply answer(Call call) throws IOException, InterruptedException {
        Optional<Reply> unreadable = call.readJson(BODY_LIMIT);
        if (unreadable.isPresent()) {
            books.violation(
                    call.what() + " with a body that is refused: " + unreadable.get().body());
            return unreadable.get();
        }
        String token = call.field("token");
        if (token.isEmpty()) {
            return Reply.invalid("token is missing");
        }
        Optional<CoordinatorRunner> found = books.locked(() -> books.runner(token));
        if (found.isEmpty()) {
            return Reply.refused(403, "the runner's token is not known");
        }
        CoordinatorRunner runner = found.get();
        checkForm(call);
        String lastUpdate = call.field("last_update");
        boolean polling =
                call.isJson() && !lastUpdate.isEmpty() && !books.settings().longPoll().isZero();
        if (polling && books.locked(() -> lastUpdate.equals(runner.queueValue()))) {
            held.incrementAndGet();
            try {
                hold(call, runner, lastUpdate);
            } finally {
                held.decrementAndGet();
            }
            return call.exchange().isClosed()
                    ? abandoned(call)
                    : Reply.empty(204).with("Gitlab-Ci-Builds-Polling", "yes");
        }
        Reply reply = match(call, runner, lastUpdate);
        return polling ? reply.with("Gitlab-Ci-Builds-Polling", "yes") : reply;
    }

    /**
     * Waits until the queue value changes, the poll's time is over by the clock or the client is
     * gone (§3.3).
     */
    private void hold(Call call, CoordinatorRunner runner, String lastUpdate)
            throws InterruptedException {
        Instant end = books.now().plus(books.settings().longPoll());
        while (books.now().isBefore(end) && !call.exchange().isClosed()) {
            if (books.await(() -> !lastUpdate.equals(runner.queueValue()), LOOK)) {
                return;
            }
        }
    }

    private static @Nullable Reply abandoned(Call call) {
        call.exchange().abort();
        return null;
    }

    private Reply match(Call call, CoordinatorRunner runner, String lastUpdate) {
        Set<String> offered = Features.offered(call.json());
        String systemId = call.field("system_id").isEmpty() ? "<legacy>" : call.field("system_id");
        List<CoordinatorJob> refused = new ArrayList<>();
        List<CoordinatorJob> assigned = new ArrayList<>();
        Reply reply =
                books.changing(() -> {
                    runner.contacted(
                            systemId, offered, books.now(), books.settings().managerFreeze());
                    if (runner.isPaused() || lastUpdate.equals(runner.queueValue())) {
                        return Reply.empty(204).with(LAST_UPDATE, runner.queueValue());
                    }
                    for (CoordinatorJob job : books.jobs()) {
                        if (!job.isReadyFor(runner)) {
                            continue;
                        }
                        if (!job.missing(offered).isEmpty()) {
                            job.refuse("runner_unsupported");
                            refused.add(job);
                            continue;
                        }
                        assigned.add(job);
                        return Reply.json(201, job.assign(runner, systemId));
                    }
                    return Reply.empty(204).with(LAST_UPDATE, runner.queueValue());
                });
        refused.forEach(job -> job.tellState(JobState.FAILED));
        assigned.forEach(job -> job.tellState(JobState.RUNNING));
        return reply;
    }

    /** The strict part: GitLab would let these pass. */
    private void checkForm(Call call) {
        if (!call.isJson()) {
            books.violation(call.what() + " with Content-Type " + call.contentType());
        }
        if (!Features.isSystemId(call.field("system_id"))) {
            books.violation(
                    call.what() + " with the system_id \"" + call.field("system_id") + "\"");
        }
        Features.fault(call.json()).ifPresent(fault -> books.violation(call.what() + ": " + fault));
        if (call.json().has("last_update") && call.field("last_update").isEmpty()) {
            books.violation(call.what() + " with an empty last_update");
        }
    }
}
