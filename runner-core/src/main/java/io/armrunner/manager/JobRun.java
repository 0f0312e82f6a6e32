package io.armrunner.manager;

import io.armrunner.config.RunnerCertificates;
import io.armrunner.engine.Aside;
import io.armrunner.engine.EngineLimits;
import io.armrunner.engine.JobSession;
import io.armrunner.engine.Outcome;
import io.armrunner.engine.ParkedSession;
import io.armrunner.engine.RemoteSession;
import io.armrunner.engine.StopSignal;
import io.armrunner.lane.EnvironmentLane;
import io.armrunner.lane.RemoteLane;
import io.armrunner.lane.Waiting;
import io.armrunner.plan.JobPlace;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.protocol.JobReply;
import io.armrunner.protocol.JobUpdate;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Wire;
import io.armrunner.status.JobEvents;
import io.armrunner.trace.Ticker;
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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One job of this process, from its acceptance to the end of its books. Runs on the job's own
 * virtual thread.
 */
final class JobRun {
    private static final Logger LOG = LoggerFactory.getLogger(JobRun.class);

    private final ConfiguredRunner runner;
    // Of a job that another engine runs only its name, once it is in the books.
    private volatile JobPayload payload;
    private final String correlationId;
    // Until it is done: it holds all that came with the job.
    private @Nullable Work work;
    private final Journal journal;
    private final Context context;
    private final StopSignal stop = new StopSignal();
    private volatile String stage = "accepted";
    private volatile boolean written;
    // The job's thread: its directory, once it has one.
    private @Nullable Path book;

    /** Puts the job on the disk, or finds it there. */
    @FunctionalInterface
    private interface Work {
        /**
         * @param room in a lane, for a job that has none yet
         */
        Opened open(Optional<LaneBoard.Reservation> room) throws IOException, InterruptedException;
    }

    /** A job that has its directory and its numbers. */
    private record Opened(ConcurrentIds.Ids numbers, Path directory, LaneWait.Place lane)
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
        long acceptedAt = context.clock().millis();
        work =
                room ->
                        accept(
                                new Coming(
                                        acceptedAt,
                                        Optional.of(accepted),
                                        tlsFiles(accepted.tlsChain()),
                                        Duration.ZERO),
                                ids,
                                room.orElseThrow());
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
        AcceptedJob record = leftover.record();
        JobPlace place = record.place();
        correlationId = place.correlationId();
        if (record.waits()) {
            book = leftover.directory();
            written = true;
            Duration already =
                    Duration.ofMillis(Math.max(0, context.clock().millis() - record.acceptedAt()));
            work =
                    room ->
                            accept(
                                    new Coming(
                                            record.acceptedAt(),
                                            Optional.empty(),
                                            place.tls(),
                                            already),
                                    ids,
                                    room.orElseThrow());
            return;
        }
        Opened opened =
                new Opened(
                        ids.take(
                                payload.jobInfo().projectId(),
                                place.concurrentId(),
                                place.concurrentProjectId()),
                        leftover.directory(),
                        LaneWait.takenUp(runner.lanes(), record.lane()));
        work = _ -> opened;
    }

    /**
     * A job without a lane.
     *
     * @param acceptedAt in milliseconds since the epoch
     * @param accepted as it came; empty for one that is in the books
     * @param already for how long it has waited
     */
    private record Coming(
            long acceptedAt,
            Optional<JobReply.Job> accepted,
            JobPlace.TlsFiles tls,
            Duration already) {}

    private Opened accept(Coming job, ConcurrentIds ids, LaneBoard.Reservation room)
            throws IOException, InterruptedException {
        try {
            LaneWait.Place lane =
                    new LaneWait(runner, payload, stop, job.already())
                            .find(
                                    room,
                                    () ->
                                            enter(
                                                    job,
                                                    AcceptedJob.waiting(
                                                            job.acceptedAt(),
                                                            runner.settings(),
                                                            correlationId,
                                                            job.tls())));
            ConcurrentIds.Ids numbers = ids.take(payload.jobInfo().projectId());
            try {
                AcceptedJob record =
                        new AcceptedJob(
                                job.acceptedAt(),
                                settings(lane),
                                place(lane, numbers, job.tls()),
                                lane.word(),
                                false);
                return new Opened(numbers, enter(job, record), lane);
            } catch (IOException | RuntimeException e) {
                lane.close();
                numbers.close();
                throw e;
            }
        } catch (IOException e) {
            runner.reports()
                    .reports(payload.id(), payload.token(), false)
                    .update(
                            JobUpdate.Failed.of(
                                    new JobUpdate.LogState(0, 0),
                                    FailureReason.RUNNER_SYSTEM_FAILURE));
            if (book != null) {
                journal.delivered(book);
            }
            throw e;
        }
    }

    /** Puts the job into the books, or notes there what is new; gives its directory. */
    private Path enter(Coming job, AcceptedJob record) throws IOException {
        Path known = book;
        if (known == null) {
            known = journal.accepted(payload.id(), job.accepted().orElseThrow().raw(), record);
            book = known;
            written = true;
        } else {
            journal.placed(known, record);
        }
        return known;
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
        try (Opened job = open(room)) {
            LOG.info(
                    "job_started job={} project={} runner={} lane={} correlation_id={}",
                    payload.id(),
                    payload.jobInfo().projectId(),
                    runner.shortName(),
                    job.lane().name(),
                    correlationId);
            written = true;
            telling.accepted(payload, job.directory(), job.lane().name());
            Optional<JobSession.Ending> ending =
                    switch (job.lane().lane()) {
                        case EnvironmentLane lane -> Optional.of(session(job, lane, telling).run());
                        case RemoteLane lane -> elsewhere(job, lane);
                    };
            if (ending.isEmpty()) {
                LOG.info("job_left job={} runner={}", payload.id(), runner.shortName());
                telling.left();
                return;
            }
            job.lane().ended(ending.get().outcome());
            said(ending.get(), begun);
            close(ending.get(), job.directory(), telling);
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

    /** Everything that holds much goes before the job is waited for. */
    private Opened open(Optional<LaneBoard.Reservation> room)
            throws IOException, InterruptedException {
        Work todo = java.util.Objects.requireNonNull(work);
        work = null;
        return Aside.run("open-" + payload.id(), () -> todo.open(room));
    }

    /** A job that another engine runs; empty if this process stops before its end. */
    private Optional<JobSession.Ending> elsewhere(Opened job, RemoteLane lane)
            throws IOException, InterruptedException {
        payload = payload.name();
        ParkedSession parked =
                new ParkedSession(
                        payload.id(),
                        stop,
                        runner.reports().reports(payload.id(), payload.token(), false));
        while (true) {
            switch (Aside.run("job-" + payload.id(), () -> remote(job, lane).run())) {
                case RemoteSession.Step.Ended(JobSession.Ending ending) -> {
                    return Optional.of(ending);
                }
                case RemoteSession.Step.Left _ -> {
                    return Optional.empty();
                }
                case RemoteSession.Step.Parked(Waiting waiting) -> {
                    waiting.await(parked);
                }
            }
        }
    }

    private void said(JobSession.Ending ending, long begun) {
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
    }

    /** Closes the books of the job. */
    private void close(JobSession.Ending ending, Path directory, JobTelling telling)
            throws IOException {
        switch (ending.delivery()) {
            case GIVEN_UP -> {
                Path kept = journal.undelivered(directory, context.clock().instant());
                telling.moved(kept);
                telling.ended(ending);
                LOG.error(
                        "job_not_delivered job={} runner={} log={}",
                        payload.id(),
                        runner.shortName(),
                        kept.resolve("trace"));
            }
            case DELIVERED, OVER -> {
                // Before the directory goes: the log in it is kept.
                telling.ended(ending);
                journal.delivered(directory);
            }
        }
    }

    private JobSession session(Opened job, EnvironmentLane lane, JobTelling telling)
            throws IOException {
        AcceptedJob record = Journal.record(job.directory());
        return new JobSession(
                payload,
                record.settings(),
                record.place(),
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
        byte[] raw = Journal.payload(job.directory());
        AcceptedJob record = Journal.record(job.directory());
        return new RemoteSession(
                Wire.payload(raw),
                raw,
                record.settings(),
                record.place(),
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
            LaneWait.Place chosen, ConcurrentIds.Ids numbers, JobPlace.TlsFiles tls) {
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
                            tls);
            case RemoteLane lane -> {
                RemoteLane.Roots roots = lane.roots();
                yield new JobPlace(
                        roots.builds(),
                        roots.cache(),
                        numbers.concurrentId(),
                        numbers.concurrentProjectId(),
                        true,
                        false,
                        lane.name(),
                        correlationId,
                        tls);
            }
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
