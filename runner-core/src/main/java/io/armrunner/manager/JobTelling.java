package io.armrunner.manager;

import io.armrunner.engine.JobSession;
import io.armrunner.engine.Outcome;
import io.armrunner.spec.JobInfo;
import io.armrunner.spec.JobPayload;
import io.armrunner.status.JobEnd;
import io.armrunner.status.JobEvents;
import io.armrunner.status.JobFacts;
import io.armrunner.status.JobKey;
import io.armrunner.status.RunnerFacts;
import io.armrunner.trace.TraceUploader;
import java.nio.file.Path;
import java.time.InstantSource;

/** Tells the operator of one job, in the operator's words. Used by the job's thread. */
final class JobTelling {
    private final JobEvents events;
    private final ConfiguredRunner runner;
    private final InstantSource clock;
    private final JobKey key;
    private boolean told;

    JobTelling(JobEvents events, ConfiguredRunner runner, JobPayload payload, InstantSource clock) {
        this.events = events;
        this.runner = runner;
        this.clock = clock;
        key = new JobKey(runner.shortName(), payload.id());
    }

    /** What the operator knows a runner as. */
    static RunnerFacts facts(ConfiguredRunner runner) {
        return new RunnerFacts(
                runner.shortName(),
                runner.config().name(),
                runner.config().url(),
                runner.settings().systemId(),
                runner.config().executor(),
                runner.config().limit(),
                runner.config().requestConcurrency(),
                runner.lanes().names());
    }

    void accepted(JobPayload payload, Path directory, String lane) {
        told = true;
        JobInfo info = payload.jobInfo();
        events.accepted(
                new JobFacts(
                        key,
                        facts(runner),
                        lane,
                        info.projectId(),
                        info.projectFullPath().isEmpty()
                                ? info.projectName()
                                : info.projectFullPath(),
                        info.name(),
                        info.stage(),
                        url(payload),
                        info.timeInQueueSeconds(),
                        info.projectJobsRunningOnInstanceRunnersCount(),
                        info.queueSize(),
                        info.queueDepth(),
                        clock.instant()),
                directory);
    }

    private String url(JobPayload payload) {
        JobInfo info = payload.jobInfo();
        if (info.projectFullPath().isEmpty()) {
            return "";
        }
        String base = runner.config().url();
        return (base.endsWith("/") ? base : base + "/")
                + info.projectFullPath()
                + "/-/jobs/"
                + payload.id();
    }

    void stage(String stage) {
        events.stage(key, stage);
    }

    /** The job's directory is elsewhere from now on. */
    void moved(Path directory) {
        events.moved(key, directory);
    }

    /** GitLab has the job's end, or will not have it from this process. */
    void ended(JobSession.Ending ending) {
        boolean delivered = ending.delivery() != TraceUploader.Delivery.GIVEN_UP;
        long bytes = ending.logSize();
        ended(
                switch (ending.outcome()) {
                    case Outcome.Succeeded _ -> end(JobEnd.Result.SUCCESS, "", 0, delivered, bytes);
                    case Outcome.Failed failed ->
                            end(
                                    JobEnd.Result.FAILED,
                                    failed.reason().wireName(),
                                    failed.exitCode(),
                                    delivered,
                                    bytes);
                    case Outcome.Over _ -> end(JobEnd.Result.OVER, "", 0, delivered, bytes);
                });
    }

    /** The process ends in the middle of the job: the books show it as running to the last. */
    void left() {
        told = false;
    }

    /** The process is done with the job without an end; says nothing if there was one. */
    void lost() {
        if (told) {
            ended(end(JobEnd.Result.LOST, "", 0, false, 0));
        }
    }

    private JobEnd end(
            JobEnd.Result result, String reason, int exitCode, boolean delivered, long bytes) {
        return new JobEnd(result, reason, exitCode, delivered, bytes, clock.instant());
    }

    private void ended(JobEnd end) {
        told = false;
        events.ended(key, end);
    }
}
