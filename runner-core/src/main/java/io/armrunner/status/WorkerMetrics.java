package io.armrunner.status;

import io.prometheus.metrics.core.metrics.Counter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntSupplier;

/**
 * The numbers that GitLab Runner has of its workers, its configuration's file and its process
 * (job-semantics §11.5). A worker there is a place for a job; here it is one too, though nothing
 * waits in it. Thread-safe.
 */
final class WorkerMetrics implements JobEvents {
    private static final String[] RUNNER = {"runner", "runner_name", "system_id"};
    private static final String JOB_FAILURE = "job_failure";
    private static final String OTHER = "other";

    /** Never counted here: a job is only asked for when there is a place for it. */
    private static final String NO_FREE_EXECUTOR = "no_free_executor";

    private final ServiceCounts service;
    private final IntSupplier runningJobs;
    private final Map<String, RunnerFacts> runners = new ConcurrentHashMap<>();
    private final Counter feeds;
    private final Counter feedFailures;
    private final Counter healthFailures;
    private final Counter processingFailures;
    // Guarded by this object's lock.
    private int places;
    private long started;

    /**
     * @param runningJobs how many jobs there are now
     */
    WorkerMetrics(MetricShelf shelf, ServiceCounts service, IntSupplier runningJobs) {
        this.service = service;
        this.runningJobs = runningJobs;
        feeds =
                shelf.counter(
                        "gitlab_runner_worker_feeds",
                        "Total number of times that the runner was asked with for a job",
                        RUNNER);
        feedFailures =
                shelf.counter(
                        "gitlab_runner_worker_feed_failures",
                        "Total number of times that the runner was due and was not asked with",
                        RUNNER);
        healthFailures =
                shelf.counter(
                        "gitlab_runner_worker_health_check_failures",
                        "Total number of requests for a job whose token GitLab refused",
                        RUNNER);
        processingFailures =
                shelf.counter(
                        "gitlab_runner_worker_processing_failures",
                        "Total number of jobs that did not end well, by whose fault it was",
                        "failure_type",
                        "runner",
                        "runner_name",
                        "system_id");
        places(shelf);
        configuration(shelf);
        shelf.gaugeOf(
                "gitlab_runner_process_state_info",
                "This metric provides info about the current state of the process",
                values -> values.call(1, service.state().word()),
                "state");
        shelf.counterOf(
                "gitlab_runner_request_concurrency_exceeded",
                "Count of excess requests above the configured request_concurrency limit; none is ever begun",
                values ->
                        runners.values()
                                .forEach(each -> values.call(0, each.runner(), each.systemId())),
                "runner",
                "system_id");
    }

    private void places(MetricShelf shelf) {
        shelf.gaugeOf(
                "gitlab_runner_worker_slots_number",
                "Current number of places for jobs",
                values -> values.call(places()));
        shelf.counterOf(
                "gitlab_runner_worker_slot_operations",
                "Total number of places for jobs that were opened and closed",
                values -> {
                    long opened = opened();
                    values.call((double) opened, "started");
                    values.call((double) (opened - places()), "stopped");
                },
                "operation");
    }

    private void configuration(MetricShelf shelf) {
        shelf.counterOf(
                "gitlab_runner_configuration_loading_error",
                "Total number of times the configuration file was not loaded due to errors",
                values -> values.call((double) service.refused()));
        shelf.counterOf(
                "gitlab_runner_configuration_saved",
                "Total number of times the configuration file was saved by the service",
                values -> values.call((double) service.saved()));
        shelf.counterOf(
                "gitlab_runner_configuration_saving_error",
                "Total number of times the configuration file was not saved due to errors",
                values -> values.call((double) service.notSaved()));
    }

    private synchronized long opened() {
        return started;
    }

    /** A service that ends keeps only the places that are taken. */
    private synchronized int places() {
        return switch (service.state()) {
            case STARTING, RUNNING -> places;
            case GRACEFUL_SHUTDOWN, FORCEFUL_SHUTDOWN -> Math.min(places, runningJobs.getAsInt());
        };
    }

    @Override
    public void serves(List<RunnerFacts> now, int concurrent) {
        synchronized (this) {
            started += Math.max(0, concurrent - places);
            places = concurrent;
        }
        runners.keySet().retainAll(now.stream().map(RunnerFacts::runner).toList());
        for (RunnerFacts each : now) {
            runners.put(each.runner(), each);
            for (Counter counter : List.of(feeds, feedFailures, healthFailures)) {
                count(counter, each.runner(), 0);
            }
            for (String type : List.of(OTHER, NO_FREE_EXECUTOR, JOB_FAILURE)) {
                failures(type, each, 0);
            }
        }
    }

    private void count(Counter counter, String runner, int by) {
        RunnerFacts facts = runners.get(runner);
        if (facts != null) {
            counter.labelValues(facts.runner(), facts.name(), facts.systemId()).inc(by);
        }
    }

    private void failures(String type, RunnerFacts its, int by) {
        processingFailures.labelValues(type, its.runner(), its.name(), its.systemId()).inc(by);
    }

    @Override
    public void asking(String runner) {
        count(feeds, runner, 1);
    }

    @Override
    public void notAsked(String runner) {
        count(feedFailures, runner, 1);
    }

    @Override
    public void answered(String runner, Asked answer) {
        switch (answer.kind()) {
            case REFUSED -> count(healthFailures, runner, 1);
            case JOB, NO_JOB, FAILED -> {}
        }
    }

    /** A job of this runner has ended. */
    void ended(RunnerFacts its, JobEnd end) {
        switch (end.result()) {
            case SUCCESS -> {}
            case OVER -> failures(JOB_FAILURE, its, 1);
            case LOST -> failures(OTHER, its, 1);
            case FAILED ->
                    failures(
                            end.failureReason().equals("runner_system_failure")
                                    ? OTHER
                                    : JOB_FAILURE,
                            its,
                            1);
        }
    }
}
