package io.armrunner.coordinator;

import io.armrunner.http.Exchange;
import io.armrunner.http.HttpHandler;
import io.armrunner.spec.Secret;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Takes each request to the class that answers it, shows the ordered fault and records what
 * happened.
 */
final class ApiRouter implements HttpHandler, AutoCloseable {
    /** An update is a few hundred bytes and its {@code info}. */
    private static final int UPDATE_LIMIT = 64 * 1024;

    private final Books books;
    private final Faults faults;
    private final RunnersApi runners;
    private final JobRequestApi requests;
    private final UpdateApi updates;
    private final TraceApi traces;
    private final ArtifactsApi artifacts;
    private final GitService gitService;

    /** Which call used an {@code X-Request-Id}; guarded by the books' lock. */
    private final Map<String, String> requestIds = new HashMap<>();

    private final AtomicInteger inFlight = new AtomicInteger();

    ApiRouter(
            Books books,
            Faults faults,
            GitCommand git,
            Storage storage,
            Path directory,
            Secret registrationToken) {
        this.books = books;
        this.faults = faults;
        this.runners = new RunnersApi(books, registrationToken);
        this.requests = new JobRequestApi(books);
        this.updates = new UpdateApi(books);
        this.traces = new TraceApi(books);
        this.artifacts = new ArtifactsApi(books, storage, directory);
        this.gitService = new GitService(books, git, directory);
    }

    @Override
    public void handle(Exchange real) throws IOException, InterruptedException {
        Instant start = books.now();
        inFlight.incrementAndGet();
        String requestId =
                real.header("x-request-id").orElseGet(() -> books.locked(() -> books.hex(32)));
        var exchange = new FaultyExchange(real, Map.of("X-Request-Id", requestId), books::goesOut);
        Call call = new Call(exchange, Route.of(real.method(), real.path()));
        try {
            call = serve(call, exchange);
        } finally {
            exchange.end();
            record(call, start, exchange);
            inFlight.decrementAndGet();
        }
    }

    /** Serves the call; returns it with the endpoint that its body showed. */
    private Call serve(Call first, FaultyExchange exchange)
            throws IOException, InterruptedException {
        Call call = first;
        Route route = call.route();
        Optional<Reply> unreadable = Optional.empty();
        if (route.endpoint() == Endpoint.UPDATE) {
            // Whether an update is the final one stands in its body, and faults are ordered for the
            // one or the other.
            unreadable = call.readJson(UPDATE_LIMIT);
            String state = call.field("state");
            if (state.equals("success") || state.equals("failed")) {
                call = call.as(Endpoint.FINAL_UPDATE);
            }
        }
        if (!route.isGit() && route.endpoint() != Endpoint.OTHER) {
            checkHeaders(call);
        }
        if (!exchange.begin(faults.next(call.route().endpoint(), route.jobId()))) {
            return call;
        }
        @Nullable Reply reply = unreadable.isPresent() ? unreadable.get() : answer(call);
        if (reply != null) {
            reply.send(exchange, Map.of());
            noteWhatWasTold(call, exchange, reply);
        }
        return call;
    }

    /** The answer; {@code null} when it has been sent already. */
    private @Nullable Reply answer(Call call) throws IOException, InterruptedException {
        return switch (call.route().endpoint()) {
            case REGISTER, VERIFY, RESET_TOKEN, DELETE_RUNNER, DELETE_MANAGER, DISCOVERY ->
                    runners.answer(call);
            case JOB_REQUEST -> requests.answer(call);
            case UPDATE, FINAL_UPDATE -> updates.answer(call);
            case TRACE -> traces.answer(call);
            case UPLOAD -> artifacts.upload(call);
            case DOWNLOAD -> artifacts.download(call);
            case GIT_REFS, GIT_FETCH, GIT_PUSH, GIT_LFS -> gitService.answer(call);
            case STORAGE, OTHER -> Reply.refused(404, "there is no " + call.what());
        };
    }

    /**
     * A runner that has read that its job is over must be silent from here on; one that has not
     * cannot know.
     */
    private void noteWhatWasTold(Call call, FaultyExchange exchange, Reply reply) {
        String status = reply.headers().getOrDefault("Job-Status", "");
        boolean over =
                status.equals("canceled") || status.equals("failed") || status.equals("success");
        if (over && !exchange.isLost()) {
            books.change(() ->
                    books.job(call.route().jobId().orElseThrow())
                            .ifPresent(job -> job.toldOver(call.route().endpoint())));
        }
    }

    /**
     * Runner-protocol §1.3: every call names its sender and carries an id of its own, kept by its
     * retries.
     */
    private void checkHeaders(Call call) {
        Exchange exchange = call.exchange();
        if (exchange.header("user-agent").orElse("").isBlank()) {
            books.violation(call.what() + " without User-Agent");
        }
        String id = exchange.header("x-request-id").orElse("");
        if (!isRequestId(id)) {
            books.violation(
                    call.what() + " with an X-Request-Id that is not 32 lower-case hex digits");
            return;
        }
        books.change(() -> {
            String before = requestIds.putIfAbsent(id, call.what());
            if (before != null && !before.equals(call.what())) {
                books.violation(call.what() + " with the X-Request-Id of " + before);
            }
        });
    }

    private static boolean isRequestId(String id) {
        return id.length() == 32
                && id.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    }

    private void record(Call call, Instant start, FaultyExchange exchange) {
        books.record(
                exchange.moment(),
                new RecordedRequest(
                        start,
                        Duration.between(start, books.now()),
                        call.route().endpoint(),
                        exchange.method(),
                        exchange.path(),
                        exchange.rawQuery(),
                        exchange.headers(),
                        books.settings().keepBodies() ? call.text() : "",
                        exchange.status()));
    }

    int held() {
        return requests.held();
    }

    int inFlight() {
        return inFlight.get();
    }

    @Override
    public void close() {
        gitService.close();
    }
}
