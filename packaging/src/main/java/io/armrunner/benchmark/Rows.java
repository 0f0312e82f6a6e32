package io.armrunner.benchmark;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What is measured, in the order of the table. Each row starts a runner of its own and stops it
 * again.
 */
final class Rows {
    private static final Duration LONG_POLL = Duration.ofSeconds(20);

    /** Not a part or multiple of any check interval, so that each job meets another moment. */
    private static final Duration BETWEEN_JOBS = Duration.ofMillis(1370);

    private static final int PICK_UPS = 6;
    private static final int SINGLE_JOBS = 5;
    private static final int THROUGHPUT_JOBS = 150;
    private static final int THROUGHPUT_AT_ONCE = 8;
    private static final int RUNNING = 100;
    private static final double MIB = 1 << 20;
    private static final double MEGA = 1e6;

    /** 400 MB in 4,000 files, half of them random; then the time. */
    private static final String TREE =
            "mkdir -p out && cd out && head -c 200000000 /dev/urandom > r"
                    + " && split -b 100000 -a 4 r rnd. && rm r"
                    + " && { seq 1 28000000 2>/dev/null || true; } | head -c 200000000 > t"
                    + " && split -b 100000 -a 4 t txt. && rm t && echo \"made at $(date +%s.%N)\"";

    private static final Pattern MADE = Pattern.compile("(?m)made at (\\d+)\\.(\\d{9})");

    private final Map<String, String> environment;
    private final InstantSource clock;

    Rows(Map<String, String> environment, InstantSource clock) {
        this.environment = environment;
        this.clock = clock;
    }

    /** A measurement of one contender. */
    interface Row {
        List<Figure> measure(Contender contender) throws IOException, InterruptedException;
    }

    /** All rows by name. */
    Map<String, Row> all() {
        Map<String, Row> rows = new LinkedHashMap<>();
        rows.put("machine", _ -> machine());
        rows.put("startup", this::startup);
        rows.put("idle", this::idle);
        rows.put("pickup", contender -> pickup(contender, "pickup_s", Duration.ZERO));
        rows.put("pickup_longpoll", contender -> pickup(contender, "pickup_longpoll_s", LONG_POLL));
        rows.put("one_job", this::oneJob);
        rows.put("stages", this::stages);
        rows.put("throughput", this::throughput);
        rows.put("many_running", this::manyRunning);
        rows.put("big_log", this::bigLog);
        rows.put("artifacts", this::artifacts);
        rows.put("cache", this::cache);
        return rows;
    }

    /** The unit of everything: how long this machine takes for a shell and for a clone. */
    private List<Figure> machine() throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("armrunner-benchmark-");
        try {
            Path sources = SampleProject.make(directory, environment);
            long begun = System.nanoTime();
            int shells = 100;
            for (int i = 0; i < shells; i++) {
                new ProcessBuilder("bash", "-c", "true").inheritIO().start().waitFor();
            }
            double bash = (System.nanoTime() - begun) / MEGA / shells;
            begun = System.nanoTime();
            int clones = 10;
            for (int i = 0; i < clones; i++) {
                String to = directory.resolve("clone" + i).toString();
                SampleProject.git(
                        directory,
                        environment,
                        "clone",
                        "-q",
                        "--depth",
                        "1",
                        sources.toUri().toString(),
                        to);
            }
            double clone = (System.nanoTime() - begun) / MEGA / clones;
            return List.of(new Figure("bash_ms", bash), new Figure("clone_ms", clone));
        } finally {
            remove(directory);
        }
    }

    private List<Figure> startup(Contender contender) throws IOException, InterruptedException {
        try (Rig rig = started(Rig.Settings.USUAL, contender)) {
            Duration took = Duration.between(rig.started(), rig.firstRequest());
            return List.of(new Figure("start_s", seconds(took)));
        }
    }

    private List<Figure> idle(Contender contender) throws IOException, InterruptedException {
        try (Rig rig = started(Rig.Settings.USUAL.withCheckInterval(3), contender)) {
            rig.firstRequest();
            Thread.sleep(Duration.ofSeconds(10));
            Duration window = Duration.ofSeconds(15);
            Duration before = rig.footprint().cpu();
            Thread.sleep(window);
            Duration used = rig.footprint().cpu().minus(before);
            return List.of(
                    new Figure("idle_mb", rig.footprint().memory() / MIB),
                    new Figure("idle_anon_mb", rig.footprint().anonymous() / MIB),
                    new Figure("idle_cpu_ms_per_s", used.toMillis() / seconds(window)));
        }
    }

    private List<Figure> pickup(Contender contender, String key, Duration longPoll)
            throws IOException, InterruptedException {
        Rig.Settings settings = Rig.Settings.USUAL.withCheckInterval(3).withLongPoll(longPoll);
        try (Rig rig = started(settings, contender)) {
            rig.firstRequest();
            List<Double> waits = new ArrayList<>();
            for (int i = 0; i < PICK_UPS; i++) {
                Thread.sleep(BETWEEN_JOBS);
                CoordinatorJob job = rig.job().script("true").enqueue();
                rig.awaitSuccess(job);
                waits.add(seconds(Duration.between(job.queuedAt(), taken(job))));
            }
            return List.of(new Figure(key, Results.median(waits)));
        }
    }

    private List<Figure> oneJob(Contender contender) throws IOException, InterruptedException {
        try (Rig rig = started(Rig.Settings.USUAL, contender)) {
            rig.firstRequest();
            List<Double> spans = new ArrayList<>();
            List<Double> calls = new ArrayList<>();
            Duration before = rig.footprint().cpu();
            for (int i = 0; i < SINGLE_JOBS; i++) {
                CoordinatorJob job = rig.jobWithSources().script("true").enqueue();
                rig.awaitSuccess(job);
                spans.add(span(job));
                calls.add((double) rig.calls(job));
                Thread.sleep(Duration.ofMillis(300));
            }
            Duration used = rig.footprint().cpu().minus(before);
            return List.of(
                    new Figure("job_s", Results.median(spans)),
                    new Figure("job_cpu_ms", (double) used.toMillis() / SINGLE_JOBS),
                    new Figure("api_requests_per_job", Results.median(calls)));
        }
    }

    /** Every kind of stage in one job, then a second one that finds the first one's cache. */
    private List<Figure> stages(Contender contender) throws IOException, InterruptedException {
        try (Rig rig = started(Rig.Settings.USUAL, contender)) {
            rig.firstRequest();
            List<Double> spans = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                CoordinatorJob job =
                        rig.jobWithSources()
                                .script("mkdir -p out", "date > out/made.txt")
                                .afterScript("ls out")
                                .cache("k", "out/")
                                .artifacts("out/")
                                .enqueue();
                rig.awaitSuccess(job);
                spans.add(span(job));
            }
            return List.of(
                    new Figure("stages_first_s", spans.getFirst()),
                    new Figure("stages_again_s", spans.getLast()));
        }
    }

    private List<Figure> throughput(Contender contender) throws IOException, InterruptedException {
        try (Rig rig = rig(Rig.Settings.USUAL.withConcurrent(THROUGHPUT_AT_ONCE))) {
            List<CoordinatorJob> jobs = new ArrayList<>();
            for (int i = 0; i < THROUGHPUT_JOBS; i++) {
                jobs.add(rig.job().script("true").enqueue());
            }
            rig.start(contender);
            long peak = rig.peakUntilSuccess(jobs, Duration.ofMillis(100));
            Instant first =
                    jobs.stream().map(Rows::taken).min(Comparator.naturalOrder()).orElseThrow();
            Instant last =
                    jobs.stream().map(Rows::finished).max(Comparator.naturalOrder()).orElseThrow();
            return List.of(
                    new Figure("jobs_per_s", jobs.size() / seconds(Duration.between(first, last))),
                    new Figure(
                            "cpu_ms_per_job",
                            (double) rig.footprint().cpu().toMillis() / jobs.size()),
                    new Figure("peak_mb", peak / MIB));
        }
    }

    private List<Figure> manyRunning(Contender contender) throws IOException, InterruptedException {
        try (Rig rig = rig(Rig.Settings.USUAL.withConcurrent(RUNNING))) {
            List<CoordinatorJob> jobs = new ArrayList<>();
            for (int i = 0; i < RUNNING; i++) {
                jobs.add(
                        rig.job()
                                .script("for i in $(seq 25); do echo line $i; sleep 1; done")
                                .enqueue());
            }
            rig.start(contender);
            long peak = rig.peakUntilSuccess(jobs, Duration.ofMillis(500));
            return List.of(
                    new Figure("running100_mb", peak / MIB),
                    new Figure("running100_cpu_s", seconds(rig.footprint().cpu())));
        }
    }

    private List<Figure> bigLog(Contender contender) throws IOException, InterruptedException {
        try (Rig rig = started(Rig.Settings.USUAL.withOutputLimit(200_000), contender)) {
            rig.firstRequest();
            Duration before = rig.footprint().cpu();
            CoordinatorJob job = rig.job().script("seq 1 2000000").enqueue();
            long peak = rig.peakUntilSuccess(List.of(job), Duration.ofMillis(100));
            return List.of(
                    new Figure("log2m_s", span(job)),
                    new Figure("log2m_cpu_s", seconds(rig.footprint().cpu().minus(before))),
                    new Figure("log2m_peak_mb", peak / MIB));
        }
    }

    private List<Figure> artifacts(Contender contender) throws IOException, InterruptedException {
        try (Rig rig = started(Rig.Settings.USUAL, contender)) {
            rig.firstRequest();
            CoordinatorJob job = rig.job().script(TREE).artifacts("out/").enqueue();
            long peak = rig.peakUntilSuccess(List.of(job), Duration.ofMillis(100));
            return List.of(
                    new Figure("artifacts_s", sinceMade(job)),
                    new Figure("artifacts_mb", job.artifacts().getFirst().size() / MEGA),
                    new Figure("artifacts_peak_mb", peak / MIB));
        }
    }

    private List<Figure> cache(Contender contender) throws IOException, InterruptedException {
        try (Rig rig = started(Rig.Settings.USUAL, contender)) {
            rig.firstRequest();
            CoordinatorJob push = rig.job().script(TREE).cache("k", "out/").enqueue();
            rig.awaitSuccess(push);
            ObjectNode pulled = Wire.mapper().createObjectNode();
            pulled.put("key", "k").put("untracked", false).put("policy", "pull");
            pulled.put("when", "on_success").putArray("fallback_keys");
            pulled.putArray("paths").add("out/");
            JobBuilder later = rig.job().variable("GIT_CLONE_PATH", "$CI_BUILDS_DIR/other");
            CoordinatorJob pull = later.script("test -e out").cache(pulled).enqueue();
            rig.awaitSuccess(pull);
            return List.of(
                    new Figure("cache_push_s", sinceMade(push)),
                    new Figure("cache_pull_s", span(pull)));
        }
    }

    private Rig rig(Rig.Settings settings) throws IOException, InterruptedException {
        return new Rig(settings, environment, clock);
    }

    private Rig started(Rig.Settings settings, Contender contender)
            throws IOException, InterruptedException {
        Rig rig = rig(settings);
        try {
            rig.start(contender);
            return rig;
        } catch (IOException e) {
            rig.close();
            throw e;
        }
    }

    private static double sinceMade(CoordinatorJob job) throws IOException {
        Matcher made = MADE.matcher(job.logText());
        if (!made.find()) {
            throw new IOException("job " + job.id() + " did not say when its files were made");
        }
        Instant then =
                Instant.ofEpochSecond(Long.parseLong(made.group(1)), Long.parseLong(made.group(2)));
        return seconds(Duration.between(then, finished(job)));
    }

    private static double span(CoordinatorJob job) {
        return seconds(Duration.between(taken(job), finished(job)));
    }

    private static Instant taken(CoordinatorJob job) {
        return job.startedAt().orElseThrow();
    }

    private static Instant finished(CoordinatorJob job) {
        return job.finishedAt().orElseThrow();
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    private static void remove(Path directory) throws IOException {
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path each : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        }
    }
}
