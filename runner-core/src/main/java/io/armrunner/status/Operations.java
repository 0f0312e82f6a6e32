package io.armrunner.status;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.http.EventLoops;
import io.armrunner.http.HttpRequest;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator's side of one service: hears what happens and shows it. Opened before the manager,
 * which is its source, and closed after it. All methods are safe for any thread; {@link #listen} is
 * called once, before the manager starts.
 */
public final class Operations implements JobEvents, AutoCloseable {
    /**
     * What the service is.
     *
     * @param pid of its process
     * @param started when it began
     */
    public record Service(
            String version, String revision, String architecture, long pid, Instant started) {}

    /**
     * What is kept of ended jobs' logs.
     *
     * @param bytes of all together, 0 for none
     * @param age of each
     * @param free how much of the disk must stay free; logs go before it is less
     */
    public record Kept(long bytes, Duration age, long free) {}

    /** How many lines of the service's log had these levels so far. */
    public record LogLines(LongSupplier errors, LongSupplier warnings) {}

    private static final Logger LOG = LoggerFactory.getLogger(Operations.class);

    /** A machine that is busy with its start has counted by then. */
    private static final Duration COUNTED = Duration.ofSeconds(30);

    private final Service service;
    private final InstantSource clock;
    private final JobBook book;
    private final ServiceHealth health;
    private final ServiceCounts counts = new ServiceCounts();
    private volatile List<RunnerFacts> runners = List.of();
    private volatile int concurrent;
    private volatile String address = "";

    /** Held while it is said what the service serves: it is counted once, whoever comes first. */
    private final Object serving = new Object();

    private boolean serves;
    private volatile @Nullable Metrics metrics;
    private final CompletableFuture<Metrics> counting = new CompletableFuture<>();
    private @Nullable StatusServer server;

    private Operations(Service service, Path state, Kept kept, InstantSource clock)
            throws IOException {
        this.service = service;
        this.clock = clock;
        health = new ServiceHealth(clock);
        book = JobBook.open(state, kept, clock, this::heading);
    }

    /** Opens the books in the state directory, which is made if need be. */
    public static Operations open(Service service, Path state, Kept kept, InstantSource clock)
            throws IOException {
        JobBook.createPrivate(state);
        return new Operations(service, state, kept, clock);
    }

    @Override
    public void serves(List<RunnerFacts> now, int jobs) {
        health.runners(now);
        synchronized (serving) {
            runners = List.copyOf(now);
            concurrent = jobs;
            serves = true;
            Metrics numbers = metrics;
            if (numbers != null) {
                numbers.serves(now, jobs);
            }
        }
        book.touch();
    }

    /**
     * Serves metrics, health and the page. Only from here on is anything of them loaded.
     *
     * @param showLogs whether the page shows what jobs print; empty for only where nobody but this
     *     machine can ask
     * @throws IOException when the address can't be had
     */
    public void listen(
            EventLoops loops, ListenAddress where, Optional<Boolean> showLogs, LogLines lines)
            throws IOException {
        server = StatusServer.start(loops, where, showLogs, this);
        address = where.withPort(server.port()).toString();
        book.touch();
        // The first request for a job does not wait for a library that nobody has asked yet.
        Thread.ofVirtual().name("status-metrics").start(() -> count(lines));
    }

    private void count(LogLines lines) {
        try {
            Metrics made = new Metrics(service, book, counts, lines, clock);
            synchronized (serving) {
                metrics = made;
                // What happened before.
                if (serves) {
                    made.serves(runners, concurrent);
                }
            }
            // A job that begins just now is counted once.
            book.all().forEach(job -> made.accepted(job.facts(), job.trace()));
            counting.complete(made);
        } catch (RuntimeException | LinkageError e) {
            LOG.error("metrics_missing error=\"{}\"", e.toString(), e);
            counting.completeExceptionally(e);
        }
    }

    /** The numbers, once they are counted. */
    Metrics metrics() throws IOException {
        try {
            return counting.get(COUNTED.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("nothing is counted: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted before anything was counted", e);
        }
    }

    /** Where it listens, as {@code host:port}; empty when it does not. */
    public String address() {
        return address;
    }

    JobBook book() {
        return book;
    }

    /** What is wrong. */
    public ServiceHealth health() {
        return health;
    }

    /** The service is about something else from now on. */
    public void state(ProcessState now) {
        counts.state(now);
    }

    /** Where the numbers of lanes in AWS come from, when somebody asks for them. */
    public void lanes(Supplier<List<LaneNumbers>> numbers) {
        counts.lanes(numbers);
    }

    @Override
    public void boards(Supplier<Map<String, List<LaneView>>> lanes) {
        counts.boards(lanes);
    }

    /** A changed configuration could not be used. */
    public void configurationRefused() {
        counts.configurationRefused();
    }

    /** The service has changed the configuration's file itself, or could not. */
    public void configurationSaved(boolean done) {
        counts.configurationSaved(done);
    }

    /**
     * A call to GitLab is over.
     *
     * @param runner whose call it was
     * @param status of the last reply, -1 when there was none
     * @param retries how often it was sent again
     */
    public void called(
            RunnerFacts runner, HttpRequest request, int status, int retries, Duration took) {
        Optional<ApiEndpoint> endpoint = ApiEndpoint.of(request);
        if (endpoint.isEmpty()) {
            // Artifacts may be another server's.
            return;
        }
        health.called(runner, status);
        Metrics numbers = metrics;
        if (numbers != null) {
            numbers.called(runner, endpoint.get(), request, status, retries, took);
        }
    }

    @Override
    public void accepted(JobFacts job, Path directory) {
        book.accepted(job, directory);
        Metrics numbers = metrics;
        if (numbers != null) {
            numbers.accepted(job, directory);
        }
    }

    @Override
    public void stage(JobKey job, String stage) {
        Metrics numbers = metrics;
        if (numbers != null) {
            numbers.stage(job, stage);
        }
        book.stage(job, stage);
    }

    @Override
    public void moved(JobKey job, Path directory) {
        book.moved(job, directory);
    }

    @Override
    public void ended(JobKey job, JobEnd end) {
        Metrics numbers = metrics;
        if (numbers != null) {
            numbers.ended(job, end);
        }
        book.find(job).ifPresent(known -> health.jobEnded(known.facts(), end));
        book.ended(job, end);
    }

    @Override
    public void asking(String runner) {
        Metrics numbers = metrics;
        if (numbers != null) {
            numbers.asking(runner);
        }
    }

    @Override
    public void notAsked(String runner) {
        Metrics numbers = metrics;
        if (numbers != null) {
            numbers.notAsked(runner);
        }
    }

    @Override
    public void answered(String runner, Asked answer) {
        switch (answer.kind()) {
            case REFUSED -> health.token(runner, true);
            case JOB, NO_JOB -> health.token(runner, false);
            case FAILED -> {}
        }
        Metrics numbers = metrics;
        if (numbers != null) {
            numbers.answered(runner, answer);
        }
    }

    @Override
    public void trouble(String about, Optional<String> what) {
        health.trouble(about, what);
        book.touch();
    }

    /** All but the jobs. */
    ObjectNode heading() {
        ObjectNode json = Wire.mapper().createObjectNode();
        ObjectNode about = json.putObject("service");
        about.put("version", service.version());
        about.put("revision", service.revision());
        about.put("architecture", service.architecture());
        about.put("pid", service.pid());
        about.put("started", service.started().toString());
        about.put("concurrent", concurrent);
        about.put("address", address);
        json.put("now", clock.instant().toString());
        ArrayNode wrong = json.putArray("troubles");
        for (ServiceHealth.Trouble trouble : health.troubles()) {
            wrong.addObject()
                    .put("about", trouble.about())
                    .put("what", trouble.what())
                    .put("since", trouble.since().toString());
        }
        ArrayNode all = json.putArray("runners");
        Map<String, List<LaneView>> boards = counts.boards();
        for (RunnerFacts runner : runners) {
            ObjectNode entry = all.addObject();
            ArrayNode lanes = entry.putArray("lanes");
            for (LaneView lane : boards.getOrDefault(runner.runner(), List.of())) {
                lanes.addObject()
                        .put("lane", lane.name())
                        .put("executor", lane.executor())
                        .put("capacity", lane.capacity())
                        .put("used", lane.used())
                        .put("state", lane.state().word())
                        .put("reason", lane.reason());
            }
            entry.put("runner", runner.runner())
                    .put("name", runner.name())
                    .put("url", runner.url())
                    .put("executor", runner.executor())
                    .put("limit", runner.limit())
                    .put("lane", runner.lane());
        }
        return json;
    }

    @Override
    public void close() {
        StatusServer open = server;
        if (open != null) {
            open.close();
        }
        address = "";
        book.close();
    }
}
