package io.armrunner.coordinator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.Secret;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** One job, from the queue to its end. Thread-safe: its state is guarded by the books' lock. */
public final class CoordinatorJob {
    /** How long after the end a call on another connection may still come in. */
    private static final Duration LATE = Duration.ofSeconds(1);

    private final Books books;
    private final ObjectNode payload;
    private final Set<String> tags;
    private final Set<String> neededFeatures;
    private final List<CoordinatorJob> dependencies;
    private final Instant queuedAt;
    private final LogSpool log;
    private final List<LogPatch> patches = new ArrayList<>();
    private final List<StateUpdate> updates = new ArrayList<>();
    private final List<StoredArtifact> artifacts = new ArrayList<>();
    private final List<JobListener> listeners = new CopyOnWriteArrayList<>();

    /**
     * Held over a patch and its listeners, so that they hear the log in order; taken before the
     * books' lock.
     */
    final ReentrantLock delivery = new ReentrantLock();

    private JobState state = JobState.PENDING;
    private @Nullable String failureReason;
    private @Nullable Integer exitCode;
    private @Nullable CoordinatorRunner runner;
    private String systemId = "";
    private @Nullable Instant startedAt;
    private @Nullable Instant finishedAt;
    private boolean debugTrace;
    private boolean endedByRunner;
    private @Nullable Instant toldOverAt;
    private final Set<Endpoint> lateCalls = EnumSet.noneOf(Endpoint.class);

    CoordinatorJob(
            Books books,
            ObjectNode payload,
            Set<String> tags,
            Set<String> neededFeatures,
            List<CoordinatorJob> dependencies,
            Path logFile) {
        this.books = books;
        this.payload = payload;
        this.tags = Set.copyOf(tags);
        this.neededFeatures = Set.copyOf(neededFeatures);
        this.dependencies = List.copyOf(dependencies);
        this.queuedAt = books.now();
        this.log = new LogSpool(logFile, books.settings().logInMemory());
    }

    /** GitLab's number of it. */
    public long id() {
        return payload.path("id").asLong();
    }

    /** Its name in the pipeline. */
    public String name() {
        return payload.path("job_info").path("name").asText();
    }

    /** Its token. */
    public Secret token() {
        return Secret.of(payload.path("token").asText());
    }

    /** A copy of what a runner gets, or got. Holds the token and all variables. */
    public JsonNode payload() {
        return books.locked(payload::deepCopy);
    }

    public JobState state() {
        return books.locked(() -> state);
    }

    /** Why it failed, once it did: the reason that the runner sent or that the server found. */
    public Optional<String> failureReason() {
        return books.locked(() -> Optional.ofNullable(failureReason));
    }

    /** The exit code that came with the final report. */
    public OptionalInt exitCode() {
        Integer code = books.locked(() -> Optional.ofNullable(exitCode)).orElse(null);
        return code == null ? OptionalInt.empty() : OptionalInt.of(code);
    }

    /** The runner that it was given to. */
    public Optional<CoordinatorRunner> runner() {
        return books.locked(() -> Optional.ofNullable(runner));
    }

    public Instant queuedAt() {
        return queuedAt;
    }

    /** When it was handed out. */
    public Optional<Instant> startedAt() {
        return books.locked(() -> Optional.ofNullable(startedAt));
    }

    /** When it ended. */
    public Optional<Instant> finishedAt() {
        return books.locked(() -> Optional.ofNullable(finishedAt));
    }

    /** All bytes of the log so far. */
    public byte[] log() {
        return books.locked(log::bytes);
    }

    /** The log so far, as text. */
    public String logText() {
        return new String(log(), StandardCharsets.UTF_8);
    }

    /** The number of bytes in the log. */
    public long logSize() {
        return books.locked(log::size);
    }

    /** The pieces in which the log came. */
    public List<LogPatch> logPatches() {
        return books.locked(() -> List.copyOf(patches));
    }

    /** Whether the first piece asked for a log that few may read. */
    public boolean isDebugTrace() {
        return books.locked(() -> debugTrace);
    }

    /** Every update that carried the job's token. */
    public List<StateUpdate> updates() {
        return books.locked(() -> List.copyOf(updates));
    }

    /** The uploaded files, in the order of upload. */
    public List<StoredArtifact> artifacts() {
        return books.locked(() -> List.copyOf(artifacts));
    }

    /** Calls {@code listener} for all that happens from now on. */
    public void listen(JobListener listener) {
        listeners.add(listener);
    }

    /**
     * What the button "Cancel" does: a waiting job is canceled, a running one becomes {@code
     * canceling} when its manager can run after_script then, and is canceled otherwise
     * (runner-protocol §6.4).
     */
    public void cancel() {
        move(() -> {
            CoordinatorRunner holder = runner;
            return switch (state) {
                case PENDING -> JobState.CANCELED;
                case RUNNING ->
                        holder != null && holder.cancelsGracefully(systemId)
                                ? JobState.CANCELING
                                : JobState.CANCELED;
                case CANCELING, SUCCESS, FAILED, CANCELED -> state;
            };
        });
    }

    /** Ends it as canceled at once: from here on the runner hears 403. */
    public void forceCancel() {
        move(() -> state.isFinished() ? state : JobState.CANCELED);
    }

    /** Ends it as failed from the server's side, as a time-out or a size limit does. */
    public void fail(String reason) {
        move(() -> {
            if (state.isFinished()) {
                return state;
            }
            failureReason = reason;
            return JobState.FAILED;
        });
    }

    /**
     * Waits until the job is in {@code wanted}; fails when that takes longer than {@code limit} of
     * real time.
     */
    public void awaitState(JobState wanted, Duration limit) throws InterruptedException {
        await(() -> state == wanted, "to be " + wanted.wireName(), limit);
    }

    /** Waits until the job has ended, and says how. */
    public JobState awaitFinished(Duration limit) throws InterruptedException {
        await(() -> state.isFinished(), "to end", limit);
        return state();
    }

    /** Waits until the log contains {@code text}. */
    public void awaitLog(String text, Duration limit) throws InterruptedException {
        await(
                () -> new String(log.bytes(), StandardCharsets.UTF_8).contains(text),
                "to log \"" + text + "\"",
                limit);
    }

    private void await(BooleanSupplier condition, String what, Duration limit)
            throws InterruptedException {
        if (!books.await(condition, limit)) {
            throw new IllegalStateException(
                    "waited %s for job %d (%s) %s; it is %s, its log has %d bytes"
                            .formatted(limit, id(), name(), what, state().wireName(), logSize()));
        }
    }

    /**
     * Sets the state that {@code next} finds under the lock, and tells the listeners when it is
     * another one.
     */
    private void move(java.util.function.Supplier<JobState> next) {
        JobState before = books.locked(() -> state);
        JobState after =
                books.changing(() -> {
                    enter(next.get());
                    return state;
                });
        if (before != after) {
            tellState(after);
        }
    }

    // ---- for the handlers, under the books' lock ----

    JobState currentState() {
        return state;
    }

    void enter(JobState next) {
        if (state == next) {
            return;
        }
        state = next;
        if (next.isFinished()) {
            finishedAt = books.now();
            books.bumpAll();
        }
    }

    boolean isReadyFor(CoordinatorRunner candidate) {
        return state == JobState.PENDING
                && candidate.takes(tags)
                && dependencies.stream().allMatch(job -> job.state.isFinished());
    }

    /** The features it needs that are not among {@code offered} (runner-protocol §11). */
    List<String> missing(Set<String> offered) {
        return neededFeatures.stream().filter(f -> !offered.contains(f)).sorted().toList();
    }

    void refuse(String reason) {
        failureReason = reason;
        enter(JobState.FAILED);
    }

    ObjectNode assign(CoordinatorRunner to, String manager) {
        runner = to;
        systemId = manager;
        startedAt = books.now();
        enter(JobState.RUNNING);
        Payloads.describeRunner(payload, to);
        if (!dependencies.isEmpty()) {
            ArrayNode list = payload.putArray("dependencies");
            for (CoordinatorJob earlier : dependencies) {
                ObjectNode entry = list.addObject();
                entry.put("id", earlier.id());
                entry.put("name", earlier.name());
                entry.put("token", token().value());
                earlier.archive()
                        .ifPresent(found ->
                                entry.putObject("artifacts_file")
                                        .put("filename", found.filename())
                                        .put("size", found.size()));
            }
        }
        return payload;
    }

    LogSpool spool() {
        return log;
    }

    void append(byte[] bytes, boolean debug) {
        patches.add(new LogPatch(books.now(), log.size(), bytes.length, debug));
        if (log.size() == 0) {
            debugTrace = debug;
        }
        log.append(bytes);
    }

    void note(StateUpdate update) {
        updates.add(update);
    }

    void finish(JobState end, @Nullable String reason, @Nullable Integer code) {
        failureReason = reason;
        exitCode = code;
        endedByRunner = true;
        enter(end);
    }

    void store(StoredArtifact artifact) {
        artifacts.add(artifact);
    }

    Optional<StoredArtifact> artifact(String type) {
        return artifacts.stream().filter(a -> a.type().equals(type)).findFirst();
    }

    Optional<StoredArtifact> archive() {
        return artifact("archive");
    }

    long projectId() {
        return payload.path("job_info").path("project_id").asLong();
    }

    JsonNode wire() {
        return payload;
    }

    /** Notes that a runner has been told that the job is over (runner-protocol §6.1). */
    void toldOver(Endpoint endpoint) {
        // The question of a manager whose job another engine has ended: that one may not know yet.
        boolean asked = endpoint == Endpoint.UPDATE && endedByRunner;
        if (toldOverAt == null && !asked) {
            toldOverAt = books.now();
        }
    }

    /** Its runner was killed, and whatever it had been told with it. */
    void forgetTold() {
        toldOverAt = null;
        lateCalls.clear();
    }

    /**
     * What is wrong with a call that comes after the runner was told that the job is over; empty
     * when it is one that must be borne. After an abort these are one last piece of the log and one
     * last update (§6.3).
     */
    Optional<String> lateCall(Endpoint endpoint) {
        Instant told = toldOverAt;
        if (told == null) {
            return Optional.empty();
        }
        boolean first = lateCalls.add(endpoint);
        boolean borne =
                switch (endpoint) {
                    case TRACE, FINAL_UPDATE -> first && !endedByRunner;
                    // The call may have been on its way while the other answer was. The manager of
                    // a
                    // job that was told over by an engine elsewhere asks whether it is.
                    case UPDATE -> endedByRunner || books.now().isBefore(told.plus(LATE));
                    case UPLOAD -> books.now().isBefore(told.plus(LATE));
                    default -> true;
                };
        return borne
                ? Optional.empty()
                : Optional.of(
                        endpoint
                                + " for job "
                                + id()
                                + " after the runner was told that it is "
                                + state.wireName());
    }

    // ---- without the books' lock ----

    void tellState(JobState now) {
        listeners.forEach(listener -> listener.stateChanged(this, now));
    }

    void tellLog(long offset, byte[] bytes) {
        listeners.forEach(listener -> listener.logGrew(this, offset, bytes));
    }

    @Override
    public String toString() {
        return "job " + id() + " (" + name() + ", " + state().wireName() + ")";
    }
}
