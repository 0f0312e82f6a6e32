package io.armrunner.cache;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.files.PackingThreads;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.PlanFixture;
import io.armrunner.plan.Stage;
import io.armrunner.spec.JobFailure;
import io.armrunner.testing.LogDecoder;
import io.armrunner.testing.TestRepository;
import io.armrunner.trace.JobLog;
import io.armrunner.trace.Masks;
import io.armrunner.trace.OutputLimit;
import io.armrunner.trace.TraceLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A job of which only the cache stages run. Two of the same root are two jobs on one machine; its
 * waits between tries are noted, not waited.
 */
public final class CacheJob implements AutoCloseable {
    private static int logs;

    private final Path root;
    private final PlanFixture fixture;
    private final PackingThreads threads = new PackingThreads(2);
    private final CacheStages stages;
    private final List<Duration> waits = Collections.synchronizedList(new ArrayList<>());

    /** A job whose caches stay on the machine. */
    public CacheJob(Path root) {
        this(root, Optional.empty());
    }

    public CacheJob(Path root, Optional<CacheTools.Remote> remote) {
        this(root, remote, InstantSource.system());
    }

    CacheJob(Path root, Optional<CacheTools.Remote> remote, InstantSource clock) {
        this.root = root;
        fixture = new PlanFixture(root);
        stages =
                new CacheStages(
                        new CacheTools(
                                threads, TestRepository.environment(), waits::add, clock, remote));
    }

    /** What the stage printed, without colours, and the failure that it ended with. */
    public record Ran(String log, String raw, Optional<JobFailure> failure) {}

    /** Adds an entry of {@code cache}. */
    public CacheJob entry(String key, String policy, String when, String... paths) {
        ObjectNode entry = entries().addObject();
        entry.put("key", key).put("policy", policy).put("when", when).put("untracked", false);
        for (String path : paths) {
            entry.withArray("paths").add(path);
        }
        return this;
    }

    /** Adds a cache of all defaults. */
    public CacheJob cache(String key, String... paths) {
        return entry(key, "pull-push", "on_success", paths);
    }

    /** Gives the last entry keys to fall back to. */
    public CacheJob fallbacks(String... keys) {
        ObjectNode entry = (ObjectNode) entries().get(entries().size() - 1);
        for (String key : keys) {
            entry.withArray("fallback_keys").add(key);
        }
        return this;
    }

    public CacheJob variable(String key, String value) {
        fixture.variable(key, value);
        return this;
    }

    /** Writes a file of the job; its time is a minute ago, so that an archive made now is newer. */
    public Path file(String name, String content) throws IOException, JobFailure {
        Path file = project().resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
        age(Duration.ofMinutes(1));
        return file;
    }

    /** Makes all files of the project look this old. */
    public void age(Duration age) throws IOException, JobFailure {
        FileTime time = FileTime.from(Instant.now().minus(age));
        try (var all = Files.walk(project())) {
            for (Path each : (Iterable<Path>) all::iterator) {
                if (!Files.isSymbolicLink(each)) {
                    Files.setLastModifiedTime(each, time);
                }
            }
        }
    }

    public String content(String name) throws IOException, JobFailure {
        return Files.readString(project().resolve(name));
    }

    public boolean has(String name) throws JobFailure {
        return Files.exists(project().resolve(name));
    }

    /** The project directory as a new job of another slot finds it. */
    public CacheJob empty() throws IOException, JobFailure {
        try (var all = Files.walk(project())) {
            for (Path each : all.sorted(Collections.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
        return this;
    }

    public Path project() throws JobFailure {
        Path project = fixture.project();
        try {
            return Files.createDirectories(project);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** The local archive of a key. */
    public Path archive(String key) throws JobFailure {
        return Path.of(fixture.plan().directories().cache(), key, "cache.zip");
    }

    public List<Duration> waits() {
        return List.copyOf(waits);
    }

    public PlanFixture fixture() {
        return fixture;
    }

    public Ran restore() throws IOException, InterruptedException, JobFailure {
        JobPlan plan = fixture.plan();
        return run(plan, find(plan, Stage.RestoreCache.class::isInstance).orElseThrow());
    }

    public Ran save() throws IOException, InterruptedException, JobFailure {
        return save(Stage.When.SUCCESS).orElseThrow();
    }

    /** Saves as for that result; empty if the plan has nothing to save then. */
    public Optional<Ran> save(Stage.When when)
            throws IOException, InterruptedException, JobFailure {
        JobPlan plan = fixture.plan();
        Optional<Stage> stage =
                find(plan, one -> one instanceof Stage.ArchiveCache save && save.when() == when);
        return stage.isEmpty() ? Optional.empty() : Optional.of(run(plan, stage.get()));
    }

    private static Optional<Stage> find(JobPlan plan, java.util.function.Predicate<Stage> wanted) {
        return plan.stages().stream().filter(wanted).findFirst();
    }

    private Ran run(JobPlan plan, Stage stage) throws IOException, InterruptedException {
        Files.createDirectories(Path.of(plan.directories().project()));
        Optional<JobFailure> failure = Optional.empty();
        byte[] bytes;
        Path file = root.resolve("log" + nextLog());
        try (TraceLog trace = TraceLog.create(file, OutputLimit.DEFAULT)) {
            try (JobLog log =
                    new JobLog(
                            trace,
                            Masks.of(List.of(), List.of()),
                            new JobLog.Format(true, false),
                            InstantSource.system())) {
                stages.run(plan, stage, log);
            } catch (JobFailure failed) {
                failure = Optional.of(failed);
            }
            bytes = Files.readAllBytes(trace.path());
        }
        return new Ran(LogDecoder.plain(bytes), LogDecoder.text(bytes), failure);
    }

    private static synchronized int nextLog() {
        return ++logs;
    }

    private com.fasterxml.jackson.databind.node.ArrayNode entries() {
        return fixture.payload.withArray("cache");
    }

    /** Sets feature flags as the configuration does. */
    public CacheJob flags(Map<String, Boolean> flags) {
        fixture.flags = flags;
        return this;
    }

    @Override
    public void close() {
        threads.close();
    }
}
