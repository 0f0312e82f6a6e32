package io.armrunner.status;

import io.armrunner.http.HttpRequest;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.instrumentation.jvm.JvmMemoryMetrics;
import io.prometheus.metrics.instrumentation.jvm.ProcessMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The service in numbers, for Prometheus: GitLab Runner's names and labels where it has them
 * (job-semantics §11.5), and {@code armrunner_…} for what it has not. Made only where somebody can
 * ask for them. Thread-safe.
 */
final class Metrics implements JobEvents {
    static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

    private static final String MODE = "traditional";
    private static final double[] JOB_SECONDS = {
        30, 60, 300, 600, 1800, 3600, 7200, 10800, 18000, 36000
    };
    private static final double[] STAGE_SECONDS = {1, 3, 10, 30, 60, 120, 300, 900, 1800, 3600};
    private static final double[] CALL_SECONDS = {.1, .25, .5, 1, 2.5, 5, 10, 30, 60};
    private static final double[] PICK_UP_SECONDS = {.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300};

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final MetricShelf shelf = new MetricShelf(registry);

    /** The library takes gitlab_runner_jobs_total and the gauge gitlab_runner_jobs for the same. */
    private final PrometheusRegistry running = new PrometheusRegistry();

    private final PrometheusTextFormatWriter writer =
            PrometheusTextFormatWriter.builder().setIncludeCreatedTimestamps(false).build();
    private final JobBook book;
    private final InstantSource clock;
    private final Map<JobKey, Stage> stages = new ConcurrentHashMap<>();
    private final Map<String, Asking> asking = new ConcurrentHashMap<>();
    private final WorkerMetrics workers;
    private volatile List<RunnerFacts> runners = List.of();
    private volatile int concurrent;

    private final Counter jobs =
            shelf.counter(
                    "gitlab_runner_jobs",
                    "Total number of handled jobs",
                    "runner",
                    "runner_name",
                    "system_id");
    private final Counter configurations =
            shelf.counter(
                    "gitlab_runner_configuration_loaded",
                    "Total number of times the configuration file was loaded");
    private final Counter failed =
            shelf.counter(
                    "gitlab_runner_failed_jobs",
                    "Total number of failed jobs",
                    "runner",
                    "runner_name",
                    "failure_reason",
                    "mode");
    private final Histogram jobSeconds =
            shelf.histogram(
                    "gitlab_runner_job_duration_seconds",
                    "Histogram of job durations",
                    JOB_SECONDS,
                    "runner",
                    "runner_name",
                    "system_id",
                    "mode");
    private final Histogram queueSeconds =
            shelf.histogram(
                    "gitlab_runner_job_queue_duration_seconds",
                    "A histogram representing job queue duration.",
                    STAGE_SECONDS,
                    "runner",
                    "runner_name",
                    "system_id",
                    "project_jobs_running");
    private final Gauge queueSize =
            shelf.gauge(
                    "gitlab_runner_job_queue_size",
                    "The size of GitLab's queue for the runner, as it said with the last job",
                    "runner",
                    "runner_name",
                    "system_id");
    private final Gauge queueDepth =
            shelf.gauge(
                    "gitlab_runner_job_queue_depth",
                    "How far GitLab searched in the queue for the runner's last job",
                    "runner",
                    "runner_name",
                    "system_id");
    private final Counter executions =
            shelf.counter(
                    "gitlab_runner_job_execution_mode",
                    "Total number of jobs grouped by execution mode and executor",
                    "mode",
                    "executor");
    private final Counter calls =
            shelf.counter(
                    "gitlab_runner_api_request_statuses",
                    "The total number of API requests, partitioned by runner, system_id, endpoint, status and method.",
                    "runner",
                    "system_id",
                    "endpoint",
                    "status",
                    "method");
    private final Histogram callSeconds =
            shelf.histogram(
                    "gitlab_runner_api_request_duration_seconds",
                    "Latency histogram of API requests, partitioned by runner, system_id, endpoint, status_class and method.",
                    CALL_SECONDS,
                    "runner",
                    "system_id",
                    "endpoint",
                    "status_class",
                    "method");
    private final Counter retries =
            shelf.counter(
                    "gitlab_runner_api_request_retries",
                    "The total number of retries in process of completing a request, partitioned by path and method.",
                    "path",
                    "method");
    private final Histogram pickUpSeconds =
            shelf.histogram(
                    "armrunner_job_pick_up_seconds",
                    "From GitLab's answer with a job to the first line of its script",
                    PICK_UP_SECONDS,
                    "runner",
                    "runner_name",
                    "lane");
    private final Histogram stageSeconds =
            shelf.histogram(
                    "armrunner_stage_duration_seconds",
                    "How long the stages of jobs took",
                    STAGE_SECONDS,
                    "runner",
                    "runner_name",
                    "stage");
    private final Counter uploaded =
            shelf.counter(
                    "armrunner_log_upload_bytes",
                    "Bytes of jobs' logs that were sent to GitLab",
                    "runner",
                    "runner_name");

    /** The stage that a job is in, and since when. */
    private record Stage(JobFacts job, String name, Instant since, boolean scriptSeen) {}

    /** A runner's requests for jobs. Guarded by itself. */
    private static final class Asking {
        private int open;
        private double adaptive = 1;
        private int used = 1;

        synchronized int open() {
            return open;
        }

        synchronized double adaptive() {
            return adaptive;
        }

        synchronized int used() {
            return used;
        }

        synchronized void began() {
            open++;
        }

        synchronized void answered(Asked answer) {
            open--;
            adaptive = answer.adaptiveLimit();
            used = answer.usedLimit();
        }
    }

    Metrics(
            Operations.Service service,
            JobBook book,
            ServiceCounts counts,
            Operations.LogLines lines,
            InstantSource clock) {
        this.book = book;
        this.clock = clock;
        workers = new WorkerMetrics(shelf, counts, book::count);
        LaneMetrics.register(shelf, counts::lanes);
        LaneMetrics.registerStates(shelf, counts::boards);
        gauges(service);
        shelf.counterOf(
                "gitlab_runner_errors",
                "The number of caught errors.",
                values -> {
                    values.call(0, "panic");
                    values.call(0, "fatal");
                    values.call((double) lines.errors().getAsLong(), "error");
                    values.call((double) lines.warnings().getAsLong(), "warning");
                },
                "level");
        ProcessMetrics.builder().register(registry);
        JvmMemoryMetrics.builder().register(registry);
    }

    private void gauges(Operations.Service service) {
        shelf.gaugeOf(
                "gitlab_runner_concurrent",
                "The current value of concurrent setting",
                values -> values.call(concurrent));
        shelf.gaugeOf(
                "gitlab_runner_limit",
                "The current value of the runner's limit setting",
                values ->
                        runners.forEach(each ->
                                values.call(
                                        each.limit(), each.runner(), each.name(), each.systemId())),
                "runner",
                "runner_name",
                "system_id");
        GaugeWithCallback.builder()
                .name("gitlab_runner_jobs")
                .help("The current number of running builds.")
                .labelNames(
                        "runner", "runner_name", "system_id", "state", "stage", "executor_stage")
                .callback(this::runningJobs)
                .register(running);
        shelf.gaugeOf(
                "gitlab_runner_version_info",
                "A metric with a constant '1' value labeled by different build stats fields.",
                values ->
                        values.call(
                                1,
                                "armrunner",
                                service.version(),
                                service.revision(),
                                "",
                                "java" + Runtime.version().feature(),
                                "",
                                "linux",
                                service.architecture()),
                "name",
                "version",
                "revision",
                "branch",
                "go_version",
                "built_at",
                "os",
                "architecture");
        requestGauges();
    }

    private void requestGauges() {
        String[] labels = {"runner", "system_id"};
        shelf.gaugeOf(
                "gitlab_runner_request_concurrency",
                "The current number of concurrent requests for a new job",
                values ->
                        runners.forEach(each ->
                                values.call(of(each).open(), each.runner(), each.systemId())),
                labels);
        shelf.gaugeOf(
                "gitlab_runner_request_concurrency_hard_limit",
                "Configured request_concurrency limit",
                values ->
                        runners.forEach(each ->
                                values.call(
                                        each.requestConcurrency(), each.runner(), each.systemId())),
                labels);
        shelf.gaugeOf(
                "gitlab_runner_request_concurrency_adaptive_limit",
                "Computed adaptive request concurrency limit",
                values ->
                        runners.forEach(each ->
                                values.call(of(each).adaptive(), each.runner(), each.systemId())),
                labels);
        shelf.gaugeOf(
                "gitlab_runner_request_concurrency_used_limit",
                "Used request concurrency limit",
                values ->
                        runners.forEach(each ->
                                values.call(of(each).used(), each.runner(), each.systemId())),
                labels);
    }

    private Asking of(RunnerFacts runner) {
        return asking.computeIfAbsent(runner.runner(), _ -> new Asking());
    }

    private void runningJobs(GaugeWithCallback.Callback values) {
        Map<List<String>, Integer> counts = new LinkedHashMap<>();
        for (RunnerFacts each : runners) {
            // Always there, so that a sum over jobs is 0 and not nothing.
            counts.put(
                    List.of(each.runner(), each.name(), each.systemId(), "idle", "idle", "idle"),
                    0);
        }
        for (JobBook.Running job : book.all()) {
            RunnerFacts its = job.facts().runner();
            counts.merge(
                    List.of(
                            its.runner(),
                            its.name(),
                            its.systemId(),
                            "running",
                            job.doing(),
                            "prepare"),
                    1,
                    Integer::sum);
        }
        counts.forEach((labels, count) -> values.call(count, labels.toArray(String[]::new)));
    }

    @Override
    public void serves(List<RunnerFacts> now, int jobsAtOnce) {
        runners = List.copyOf(now);
        concurrent = jobsAtOnce;
        configurations.inc();
        workers.serves(now, jobsAtOnce);
        for (RunnerFacts each : now) {
            jobs.labelValues(each.runner(), each.name(), each.systemId()).inc(0);
        }
    }

    /** A call to GitLab is over; {@code status} is less than 0 when there was no reply. */
    void called(
            RunnerFacts runner,
            ApiEndpoint endpoint,
            HttpRequest request,
            int status,
            int again,
            Duration took) {
        String method = request.method().toLowerCase(Locale.ROOT);
        calls.labelValues(
                        runner.runner(),
                        runner.systemId(),
                        endpoint.word(),
                        Integer.toString(status),
                        method)
                .inc();
        callSeconds
                .labelValues(
                        runner.runner(),
                        runner.systemId(),
                        endpoint.word(),
                        status < 100 ? "unknown" : status / 100 + "xx",
                        method)
                .observe(seconds(took));
        if (again > 0) {
            // The job's number would make a series of every job.
            retries.labelValues(endpoint.word(), method).inc(again);
        }
        if (endpoint == ApiEndpoint.PATCH_TRACE && status == 202) {
            uploaded.labelValues(runner.runner(), runner.name()).inc(request.bodyLength());
        }
    }

    @Override
    public void accepted(JobFacts job, Path directory) {
        Stage first = new Stage(job, "accepted", job.accepted(), false);
        if (stages.putIfAbsent(job.key(), first) != null) {
            return;
        }
        RunnerFacts its = job.runner();
        jobs.labelValues(its.runner(), its.name(), its.systemId()).inc();
        executions.labelValues(MODE, its.executor()).inc();
        queueSeconds
                .labelValues(its.runner(), its.name(), its.systemId(), job.projectJobsRunning())
                .observe(job.queuedSeconds());
        queueSize
                .labelValues(its.runner(), its.name(), its.systemId())
                .set((double) job.queueSize());
        queueDepth
                .labelValues(its.runner(), its.name(), its.systemId())
                .set((double) job.queueDepth());
    }

    @Override
    public void stage(JobKey key, String name) {
        Stage before = stages.get(key);
        if (before == null) {
            return;
        }
        Instant now = clock.instant();
        over(before, now);
        boolean script = JobBook.isScript(name);
        if (script && !before.scriptSeen()) {
            JobFacts job = before.job();
            pickUpSeconds
                    .labelValues(job.runner().runner(), job.runner().name(), job.lane())
                    .observe(seconds(Duration.between(job.accepted(), now)));
        }
        stages.put(key, new Stage(before.job(), name, now, script || before.scriptSeen()));
    }

    private void over(Stage stage, Instant now) {
        stageSeconds
                .labelValues(
                        stage.job().runner().runner(), stage.job().runner().name(), stage.name())
                .observe(seconds(Duration.between(stage.since(), now)));
    }

    @Override
    public void ended(JobKey key, JobEnd end) {
        Stage last = stages.remove(key);
        if (last == null) {
            return;
        }
        over(last, end.at());
        JobFacts job = last.job();
        RunnerFacts its = job.runner();
        jobSeconds
                .labelValues(its.runner(), its.name(), its.systemId(), MODE)
                .observe(seconds(Duration.between(job.accepted(), end.at())));
        if (!end.failureReason().isEmpty()) {
            failed.labelValues(its.runner(), its.name(), end.failureReason(), MODE).inc();
        }
        workers.ended(its, end);
    }

    @Override
    public void asking(String runner) {
        asking.computeIfAbsent(runner, _ -> new Asking()).began();
        workers.asking(runner);
    }

    @Override
    public void notAsked(String runner) {
        workers.notAsked(runner);
    }

    @Override
    public void answered(String runner, Asked answer) {
        workers.answered(runner, answer);
        asking.computeIfAbsent(runner, _ -> new Asking()).answered(answer);
    }

    /** Writes all numbers in Prometheus' text format. */
    void write(OutputStream out) throws IOException {
        writer.write(out, running.scrape(), EscapingScheme.UNDERSCORE_ESCAPING);
        writer.write(out, registry.scrape(), EscapingScheme.UNDERSCORE_ESCAPING);
    }

    private static double seconds(Duration time) {
        return Math.max(0, time.toNanos() / 1e9);
    }
}
