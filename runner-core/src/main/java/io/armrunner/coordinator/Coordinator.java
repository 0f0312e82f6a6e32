package io.armrunner.coordinator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.http.EventLoops;
import io.armrunner.http.Exchange;
import io.armrunner.http.HttpServer;
import io.armrunner.spec.Secret;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A running embedded GitLab. Thread-safe.
 *
 * <p>Whoever starts it closes it; closing breaks all connections off, ends the git processes and
 * removes the artifacts and logs.
 */
public final class Coordinator implements AutoCloseable {
    /**
     * Between an answer and its line in the books lie microseconds, unless the host is out of
     * breath.
     */
    private static final Duration WRITING_DOWN = Duration.ofSeconds(30);

    private static final Duration LOOK = Duration.ofNanos(100_000);

    private final EventLoops loops;
    private final CoordinatorSettings settings;
    private final Books books;
    private final Faults faults = new Faults();
    private final Path directory;
    private final GitCommand git;
    private final ApiRouter router;
    private final Storage storage;
    private final Secret registrationToken;
    private final int port;
    private @Nullable HttpServer open;
    private volatile boolean down;

    /** Opens the port, and a second one for redirected downloads when the settings ask for them. */
    public static Coordinator start(EventLoops loops, CoordinatorSettings settings)
            throws IOException {
        Files.createDirectories(settings.directory());
        return new Coordinator(
                loops, settings, Files.createTempDirectory(settings.directory(), "coordinator-"));
    }

    private Coordinator(EventLoops loops, CoordinatorSettings settings, Path directory)
            throws IOException {
        this.loops = loops;
        this.settings = settings;
        this.directory = directory;
        this.books = new Books(settings);
        this.git = new GitCommand(settings.environment());
        this.registrationToken = books.token("GR1348941");
        this.storage = new Storage(books, faults);
        this.router = new ApiRouter(books, faults, git, storage, directory, registrationToken);
        if (settings.redirectDownloads()) {
            storage.open(loops, settings.host());
        }
        HttpServer first =
                HttpServer.start(loops, new InetSocketAddress(settings.host(), 0), this::serve);
        this.port = first.port();
        this.open = first;
    }

    /** Where it is, such as {@code http://127.0.0.1:43121}, also while it is down. */
    public URI url() {
        String host = settings.host().contains(":") ? "[" + settings.host() + "]" : settings.host();
        return URI.create("http://" + host + ":" + port);
    }

    /** Registers a runner, as the web page does; its token starts with {@code glrt-}. */
    public CoordinatorRunner registerRunner(RunnerSpec spec) {
        CoordinatorRunner runner =
                new CoordinatorRunner(books, books.nextId(), spec, books.token("glrt-t1_"), false);
        books.change(() -> books.add(runner));
        return runner;
    }

    /**
     * Says that a runner's process was killed: the next one can't know the answers that it had got,
     * so calls for jobs that are over are no fault of the next one's. Called once it is gone.
     */
    public void runnerKilled(CoordinatorRunner runner) {
        books.change(() ->
                books.jobs().stream()
                        .filter(job -> job.runner().filter(runner::equals).isPresent())
                        .forEach(CoordinatorJob::forgetTold));
    }

    /** The token with which {@code POST /runners} registers a runner. */
    public Secret registrationToken() {
        return registrationToken;
    }

    /** Serves a repository, bare or with a working tree, for reading. */
    public Project addProject(String path, Path repository) {
        return add(new Project(books.nextId(), path, repository.toAbsolutePath(), false));
    }

    /** Serves a repository for reading and pushing. */
    public Project addWritableProject(String path, Path repository) {
        return add(new Project(books.nextId(), path, repository.toAbsolutePath(), true));
    }

    /** Starts the description of a job. */
    public JobBuilder job(String name) {
        return new JobBuilder(this, name);
    }

    /** A token for a job that is yet to be queued. */
    public Secret jobToken() {
        return books.token("glcbt-64_");
    }

    /** Queues a payload as it is, for any runner that takes untagged jobs. */
    public CoordinatorJob enqueue(JsonNode payload) {
        return enqueue((ObjectNode) payload.deepCopy(), Set.of(), Set.of(), List.of());
    }

    /** Does the same, and calls {@code listener} for all that happens from the start on. */
    public CoordinatorJob enqueue(JsonNode payload, JobListener listener) {
        CoordinatorJob job =
                prepared((ObjectNode) payload.deepCopy(), Set.of(), Set.of(), List.of());
        job.listen(listener);
        books.change(() -> books.add(job));
        return job;
    }

    CoordinatorJob enqueue(
            ObjectNode payload,
            Set<String> tags,
            Set<String> features,
            List<CoordinatorJob> dependencies) {
        CoordinatorJob job = prepared(payload, tags, features, dependencies);
        books.change(() -> books.add(job));
        return job;
    }

    private CoordinatorJob prepared(
            ObjectNode payload,
            Set<String> tags,
            Set<String> features,
            List<CoordinatorJob> dependencies) {
        Set<String> needed = new HashSet<>(features);
        needed.addAll(Payloads.neededFeatures(payload));
        Path log = directory.resolve("job-" + payload.path("id").asLong() + ".log");
        return new CoordinatorJob(books, payload, tags, needed, dependencies, log);
    }

    /** A job by its id. */
    public Optional<CoordinatorJob> job(long id) {
        return books.locked(() -> books.job(id));
    }

    /** All jobs, in the order in which they were queued. */
    public List<CoordinatorJob> jobs() {
        return books.locked(books::jobs);
    }

    /** Asks runners for another time between two updates, from the next answer on. */
    public void updateInterval(Duration changed) {
        books.updateInterval(changed);
    }

    /** What is to go wrong. */
    public Faults faults() {
        return faults;
    }

    /**
     * Every request that has been answered or cut, in the order of its end. A caller who has an
     * answer finds its request here: one that is being written down is waited for.
     */
    public List<RecordedRequest> requests() {
        long end = System.nanoTime() + WRITING_DOWN.toNanos();
        Set<Long> awaited = books.locked(books::unwritten);
        while (!Collections.disjoint(awaited, books.locked(books::unwritten))
                && System.nanoTime() < end) {
            LockSupport.parkNanos(LOOK.toNanos());
        }
        return books.locked(books::requests);
    }

    /** The requests of one endpoint. */
    public List<RecordedRequest> requests(Endpoint endpoint) {
        return requests().stream().filter(request -> request.endpoint() == endpoint).toList();
    }

    /** How many requests are being served now, held job requests included. */
    public int requestsInFlight() {
        return router.inFlight();
    }

    /** How many job requests are held until the queue changes. */
    public int requestsHeld() {
        return router.held();
    }

    /** All that a runner did and must not do, in words. */
    public List<String> violations() {
        return books.locked(books::violations);
    }

    /** Forgets the violations so far: for a test that provokes them. */
    public void forgetViolations() {
        books.change(books::forgetViolations);
    }

    /** Moves all queue values, as any change in GitLab may: held job requests are answered. */
    public void bumpQueue() {
        books.change(books::bumpAll);
    }

    /** Closes the port: connections break off, new ones are refused. State stays. */
    public synchronized void goDown() {
        down = true;
        if (open != null) {
            open.close();
            open = null;
        }
    }

    /** Opens the same port again. */
    public synchronized void comeUp() throws IOException {
        if (open == null) {
            down = false;
            open =
                    HttpServer.start(
                            loops, new InetSocketAddress(settings.host(), port), this::serve);
        }
    }

    /**
     * A closed port still has connections that clients keep for later calls; being down ends those
     * too.
     */
    private void serve(Exchange exchange) throws IOException, InterruptedException {
        if (down) {
            exchange.abort();
        } else {
            router.handle(exchange);
        }
    }

    Books books() {
        return books;
    }

    GitCommand git() {
        return git;
    }

    /** Closes the ports, ends what still runs for a client and removes all files. */
    @Override
    public void close() {
        goDown();
        storage.close();
        router.close();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + directory, e);
        }
    }

    private Project add(Project project) {
        books.change(() -> books.add(project));
        return project;
    }
}
