package io.armrunner.manager;

import io.armrunner.config.RunnerCertificates;
import io.armrunner.engine.EngineLimits;
import io.armrunner.engine.JobSession;
import io.armrunner.engine.Outcome;
import io.armrunner.engine.RemoteSession;
import io.armrunner.engine.StopSignal;
import io.armrunner.lane.EnvironmentLane;
import io.armrunner.lane.RemoteLane;
import io.armrunner.plan.JobPlace;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.protocol.JobReply;
import io.armrunner.protocol.JobUpdate;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Secret;
import io.armrunner.status.JobEvents;
import io.armrunner.trace.Ticker;
import io.armrunner.trace.TraceUploader;
import io.armrunner.trace.UploadSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One job of this process, from its acceptance to the end of its books. Runs on the job's own
 * virtual thread.
 */
final class JobRun {
    private static final Logger LOG = LoggerFactory.getLogger(JobRun.class);

    private final ConfiguredRunner runner;
    private final JobPayload payload;
    private final String correlationId;
    private final Work work;
    private final Journal journal;
    private final Context context;
    private final StopSignal stop = new StopSignal();
    private volatile String stage = "accepted";
    private volatile boolean written;

    /** Puts the job on the disk, or finds it there. */
    @FunctionalInterface
    private interface Work {
        /**
         * @param room in a lane, for a job that comes from GitLab
         */
        Opened open(Optional<LaneBoard.Reservation> room) throws IOException, InterruptedException;
    }

    /** A job that has its directory and its numbers. */
    private record Opened(
            ConcurrentIds.Ids numbers, Path directory, JobRecord record, LaneWait.Place lane)
            implements AutoCloseable {
        @Override
        public void close() {
            lane.close();
            numbers.close();
        }
    }

    /** What all jobs of the process share. */
    record Context(
            String hostname,
            EngineLimits limits,
            UploadSettings upload,
            InstantSource clock,
            Ticker ticker,
            JobEvents events) {}

    JobRun(
            ConfiguredRunner runner,
            JobReply.Job accepted,
            ConcurrentIds ids,
            Journal journal,
            Context context) {
        this.runner = runner;
        this.journal = journal;
        this.context = context;
        payload = accepted.payload();
        correlationId = accepted.correlationId();
        work = room -> accept(accepted, ids, room.orElseThrow());
    }

    /**
     * A job that an earlier process has accepted. It has its numbers at once: no job that comes
     * later gets its directory.
     */
    JobRun(
            ConfiguredRunner runner,
            Journal.Leftover leftover,
            ConcurrentIds ids,
            Journal journal,
            Context context) {
        this.runner = runner;
        this.journal = journal;
        this.context = context;
        payload = leftover.payload();
        JobPlace place = leftover.record().place();
        correlationId = place.correlationId();
        Opened opened =
                new Opened(
                        ids.take(
                                payload.jobInfo().projectId(),
                                place.concurrentId(),
                                place.concurrentProjectId()),
                        leftover.directory(),
                        leftover.record(),
                        LaneWait.takenUp(runner.lanes(), leftover.directory()));
        work = _ -> opened;
    }

    private Opened accept(JobReply.Job accepted, ConcurrentIds ids, LaneBoard.Reservation room)
            throws IOException, InterruptedException {
        LaneWait.Place lane = new LaneWait(runner, payload, stop).find(room);
        ConcurrentIds.Ids numbers = ids.take(payload.jobInfo().projectId());
        try {
            JobRecord record =
                    new JobRecord(
                            context.clock().millis(),
                            settings(lane),
                            place(lane, numbers, accepted.tlsChain()));
            Path directory = journal.accepted(payload.id(), accepted.raw(), record);
            lane.write(directory);
            return new Opened(numbers, directory, record, lane);
        } catch (IOException e) {
            lane.close();
            numbers.close();
            runner.reports()
                    .reports(payload.id(), payload.token(), false)
                    .update(
                            JobUpdate.Failed.of(
                                    new JobUpdate.LogState(0, 0),
                                    FailureReason.RUNNER_SYSTEM_FAILURE));
            throw e;
        } catch (RuntimeException e) {
            lane.close();
            numbers.close();
            throw e;
        }
    }

    private RunnerSettings settings(LaneWait.Place lane) {
        return switch (lane.lane()) {
            case EnvironmentLane _ -> runner.settings();
            case RemoteLane remote -> remote.settings(runner.settings());
        };
    }

    JobPayload payload() {
        return payload;
    }

    ConfiguredRunner runner() {
        return runner;
    }

    String stage() {
        return stage;
    }

    /** Whether the job is on the disk, for whoever comes later. */
    boolean isWritten() {
        return written;
    }

    /** The runner is told to stop: the job ends at once. */
    void stop(String signal) {
        stop.abort(new StopSignal.Cause.RunnerStops(signal));
    }

    /**
     * @param room in a lane that is still to be chosen; empty for a job of an earlier process,
     *     which has its lane
     */
    void run(Optional<LaneBoard.Reservation> room) {
        long begun = context.clock().millis();
        JobTelling telling = new JobTelling(context.events(), runner, payload, context.clock());
        try (Opened job = work.open(room)) {
            LOG.info(
                    "job_started job={} project={} runner={} lane={} correlation_id={}",
                    payload.id(),
                    payload.jobInfo().projectId(),
                    runner.shortName(),
                    job.lane().name(),
                    correlationId);
            written = true;
            telling.accepted(job.directory(), job.lane().name());
            Optional<JobSession.Ending> ending =
                    switch (job.lane().lane()) {
                        case EnvironmentLane lane -> Optional.of(session(job, lane, telling).run());
                        case RemoteLane lane -> remote(job, lane).run();
                    };
            if (ending.isEmpty()) {
                LOG.info("job_left job={} runner={}", payload.id(), runner.shortName());
                telling.left();
                return;
            }
            job.lane().ended(ending.get().outcome());
            // Before the directory goes: the log in it is kept.
            telling.ended(ending.get());
            ended(ending.get(), job.directory(), begun);
        } catch (IOException e) {
            LOG.error(
                    "job_lost job={} runner={} error=\"{}\"",
                    payload.id(),
                    runner.shortName(),
                    e.toString());
        } catch (InterruptedException _) {
            LOG.warn("job_left job={} runner={} stage={}", payload.id(), runner.shortName(), stage);
            telling.left();
        } catch (RuntimeException e) {
            LOG.error("job_broken job={} runner={}", payload.id(), runner.shortName(), e);
        } finally {
            telling.lost();
        }
    }

    private void ended(JobSession.Ending ending, Path directory, long begun) throws IOException {
        Duration took = Duration.ofMillis(context.clock().millis() - begun);
        long job = payload.id();
        switch (ending.outcome()) {
            case Outcome.Succeeded _ ->
                    LOG.info(
                            "job_succeeded job={} runner={} duration_s={}",
                            job,
                            runner.shortName(),
                            seconds(took));
            case Outcome.Failed failed ->
                    LOG.warn(
                            "job_failed job={} runner={} duration_s={} failure_reason={} exit_code={} error=\"{}\"",
                            job,
                            runner.shortName(),
                            seconds(took),
                            failed.reason().wireName(),
                            failed.exitCode(),
                            failed.explanation());
            case Outcome.Over _ ->
                    LOG.info(
                            "job_over job={} runner={} duration_s={}",
                            job,
                            runner.shortName(),
                            seconds(took));
        }
        if (ending.delivery() == TraceUploader.Delivery.GIVEN_UP) {
            LOG.error(
                    "job_not_delivered job={} runner={} log={}",
                    job,
                    runner.shortName(),
                    journal.undelivered(directory).resolve("trace"));
        } else {
            journal.delivered(directory);
        }
    }

    private JobSession session(Opened job, EnvironmentLane lane, JobTelling telling) {
        return new JobSession(
                payload,
                job.record().settings(),
                job.record().place(),
                new JobSession.Surroundings(
                        debug -> runner.reports().reports(payload.id(), payload.token(), debug),
                        lane::open,
                        runner.files().stages(payload),
                        runner.secrets(),
                        job.directory(),
                        context.upload()
                                .withFinalRounds(runner.config().jobStatusFinalUpdateRetryLimit()),
                        context.limits(),
                        context.clock(),
                        context.ticker(),
                        job.lane().remark()),
                stop,
                begun -> {
                    stage = begun;
                    telling.stage(begun);
                });
    }

    /** The manager's part of a job that another engine runs. */
    private RemoteSession remote(Opened job, RemoteLane lane) throws IOException {
        return new RemoteSession(
                payload,
                Journal.payload(job.directory()),
                job.record().settings(),
                job.record().place(),
                lane,
                new RemoteSession.Surroundings(
                        debug -> runner.reports().reports(payload.id(), payload.token(), debug),
                        job.directory(),
                        context.upload()
                                .withFinalRounds(runner.config().jobStatusFinalUpdateRetryLimit()),
                        context.clock(),
                        context.ticker(),
                        job.lane().remark()),
                stop);
    }

    private JobPlace place(
            LaneWait.Place chosen, ConcurrentIds.Ids numbers, List<X509Certificate> tlsChain) {
        return switch (chosen.lane()) {
            case EnvironmentLane lane ->
                    new JobPlace(
                            lane.buildsRoot().toString(),
                            lane.cacheRoot().toString(),
                            numbers.concurrentId(),
                            numbers.concurrentProjectId(),
                            lane.isDisposable(),
                            !lane.isDisposable(),
                            context.hostname(),
                            correlationId,
                            tlsFiles(tlsChain));
            case RemoteLane lane ->
                    new JobPlace(
                            lane.roots().builds(),
                            lane.roots().cache(),
                            numbers.concurrentId(),
                            numbers.concurrentProjectId(),
                            true,
                            false,
                            lane.name(),
                            correlationId,
                            tlsFiles(tlsChain));
        };
    }

    /**
     * What the runner itself uses: a configured CA stands for the chain that GitLab showed
     * (runner-protocol §1.5).
     */
    private JobPlace.TlsFiles tlsFiles(List<X509Certificate> tlsChain) {
        RunnerCertificates files = runner.certificates();
        return new JobPlace.TlsFiles(
                content(files.caFile()).orElseGet(() -> pem(tlsChain)),
                content(files.certificateFile()).orElse(""),
                Secret.of(content(files.keyFile()).orElse("")));
    }

    private Optional<String> content(Optional<Path> file) {
        if (file.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(Files.readString(file.get()));
        } catch (IOException e) {
            // It may be changed just now; only jobs that talk TLS themselves miss it.
            LOG.warn(
                    "certificate_unreadable job={} file={} error=\"{}\"",
                    payload.id(),
                    file.get(),
                    e.toString());
            return Optional.empty();
        }
    }

    private static String pem(List<X509Certificate> chain) {
        StringBuilder text = new StringBuilder();
        Base64.Encoder lines = Base64.getMimeEncoder(64, new byte[] {'\n'});
        for (X509Certificate certificate : chain) {
            try {
                text.append("-----BEGIN CERTIFICATE-----\n")
                        .append(lines.encodeToString(certificate.getEncoded()))
                        .append("\n-----END CERTIFICATE-----\n");
            } catch (CertificateEncodingException e) {
                // The connection was made with it, so it has an encoding; the job can do without
                // our copy.
                LOG.warn("certificate_unreadable error={}", e.toString());
            }
        }
        return text.toString();
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }
}
