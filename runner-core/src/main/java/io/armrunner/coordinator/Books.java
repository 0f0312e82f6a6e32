package io.armrunner.coordinator;

import io.armrunner.spec.Secret;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * All the coordinator knows: runners, projects, jobs, requests, violations. Owns the one lock that
 * guards them and the state inside {@link CoordinatorRunner} and {@link CoordinatorJob}; methods
 * without a word on the lock need it held.
 */
final class Books {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private volatile CoordinatorSettings settings;
    private final Map<Long, CoordinatorRunner> runners = new LinkedHashMap<>();
    private final Map<String, CoordinatorRunner> runnersByToken = new LinkedHashMap<>();
    private final Map<String, Project> projects = new LinkedHashMap<>();
    private final Map<Long, CoordinatorJob> jobs = new LinkedHashMap<>();
    private final Map<String, CoordinatorJob> jobsByToken = new LinkedHashMap<>();

    /** By the moment at which their answer went out. */
    private final SortedMap<Long, RecordedRequest> requests = new TreeMap<>();

    /** The moments of answers that went out and are not written down yet. */
    private final Set<Long> unwritten = new HashSet<>();

    private long lastMoment;
    private final List<String> violations = new ArrayList<>();
    private long lastId = 1000;

    Books(CoordinatorSettings settings) {
        this.settings = settings;
    }

    /** What runners are asked to do changes from the next answer on. */
    void updateInterval(java.time.Duration changed) {
        settings = settings.withUpdateInterval(changed);
    }

    CoordinatorSettings settings() {
        return settings;
    }

    InstantSource clock() {
        return settings.clock();
    }

    Instant now() {
        return settings.clock().instant();
    }

    /** Takes the lock for a look. */
    <T> T locked(Supplier<T> look) {
        lock.lock();
        try {
            return look.get();
        } finally {
            lock.unlock();
        }
    }

    /** Takes the lock for a change and wakes all who wait for one. */
    void change(Runnable change) {
        lock.lock();
        try {
            change.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Takes the lock for a change with a result and wakes all who wait for one. */
    <T> T changing(Supplier<T> change) {
        lock.lock();
        try {
            return change.get();
        } finally {
            changed.signalAll();
            lock.unlock();
        }
    }

    /**
     * Takes the lock and waits until {@code condition} holds, in real time; whether it did within
     * {@code limit}.
     */
    boolean await(BooleanSupplier condition, Duration limit) throws InterruptedException {
        long left = limit.toNanos();
        lock.lockInterruptibly();
        try {
            while (!condition.getAsBoolean()) {
                if (left <= 0) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    long nextId() {
        return locked(() -> ++lastId);
    }

    /** Random lower-case hex digits. */
    String hex(int digits) {
        RandomGenerator random = settings.random();
        var text = new StringBuilder(digits);
        for (int i = 0; i < digits; i++) {
            text.append(Character.forDigit(random.nextInt(16), 16));
        }
        return text.toString();
    }

    /** A new token: {@code prefix} and 20 characters. */
    Secret token(String prefix) {
        String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        var text = new StringBuilder(prefix);
        for (int i = 0; i < 20; i++) {
            text.append(alphabet.charAt(settings.random().nextInt(alphabet.length())));
        }
        return Secret.of(text.toString());
    }

    void add(CoordinatorRunner runner) {
        runners.put(runner.id(), runner);
        runnersByToken.put(runner.currentToken().value(), runner);
    }

    Optional<CoordinatorRunner> runner(String token) {
        return Optional.ofNullable(runnersByToken.get(token));
    }

    void forget(CoordinatorRunner runner) {
        runners.remove(runner.id());
        runnersByToken.values().removeIf(known -> known == runner);
    }

    Secret rotate(CoordinatorRunner runner) {
        String prefix = runner.currentToken().value().startsWith("glrt-") ? "glrt-t1_" : "glrtr-";
        Secret fresh = token(prefix);
        runnersByToken.values().removeIf(known -> known == runner);
        runnersByToken.put(fresh.value(), runner);
        runner.replaceToken(fresh);
        return fresh;
    }

    /** Something changed that may matter to any runner: their queue values move (§3.3). */
    void bumpAll() {
        runners.values().forEach(CoordinatorRunner::bump);
    }

    void add(Project project) {
        if (projects.putIfAbsent(project.path(), project) != null) {
            throw new IllegalArgumentException(
                    "the project " + project.path() + " is there already");
        }
    }

    Optional<Project> project(String path) {
        return Optional.ofNullable(projects.get(path));
    }

    void add(CoordinatorJob job) {
        if (jobs.containsKey(job.id())) {
            throw new IllegalArgumentException(
                    "a job with the id " + job.id() + " is there already");
        }
        if (jobsByToken.putIfAbsent(job.token().value(), job) != null) {
            throw new IllegalArgumentException("job " + job.id() + " has the token of another job");
        }
        jobs.put(job.id(), job);
        bumpAll();
    }

    Optional<CoordinatorJob> job(long id) {
        return Optional.ofNullable(jobs.get(id));
    }

    Optional<CoordinatorJob> jobByToken(String token) {
        return Optional.ofNullable(jobsByToken.get(token));
    }

    List<CoordinatorJob> jobs() {
        return List.copyOf(jobs.values());
    }

    List<RecordedRequest> requests() {
        return List.copyOf(requests.values());
    }

    /**
     * An answer goes out now, or its connection is cut: its caller may look for it here from now
     * on. Takes the lock itself.
     *
     * @return the moment, for {@link #record}
     */
    long goesOut() {
        return changing(() -> {
            unwritten.add(++lastMoment);
            return lastMoment;
        });
    }

    /** Writes a request down that is over. Takes the lock itself. */
    void record(long moment, RecordedRequest request) {
        change(() -> {
            requests.put(moment, request);
            unwritten.remove(moment);
        });
    }

    Set<Long> unwritten() {
        return Set.copyOf(unwritten);
    }

    List<String> violations() {
        return List.copyOf(violations);
    }

    /** Writes down what a runner must not do. Takes the lock itself. */
    void violation(String what) {
        change(() -> violations.add(what));
    }

    void forgetViolations() {
        violations.clear();
    }
}
