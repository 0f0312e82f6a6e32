package io.armrunner.codebuild.lane;

import io.armrunner.codebuild.aws.AwsFailure;
import io.armrunner.codebuild.aws.CuratedImages;
import io.armrunner.codebuild.handover.HandOver;
import io.armrunner.codebuild.handover.JobKeys;
import io.armrunner.codebuild.handover.PartsWanted;
import io.armrunner.codebuild.handover.Receipt;
import io.armrunner.codebuild.handover.Tariff;
import io.armrunner.lane.RemoteEnd;
import io.armrunner.lane.RemoteJob;
import io.armrunner.lane.Waiting;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.PlanInput;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.Variable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * One job's way through the lane. Runs on the job's thread; each step is in the {@link BuildRecord}
 * before AWS sees it, so a later process goes on at the same step.
 */
final class BuildJob {
    private static final Logger LOG = LoggerFactory.getLogger(BuildJob.class);

    /** A second build for a job whose first one failed through AWS; a third would fail as well. */
    private static final int MOST_ATTEMPTS = 3;

    /**
     * How many looks lie between two messages of an agent, and between two looks for them: at most
     * forty calls of S3 a minute, which cost about a fiftieth of the smallest machine.
     */
    private static final int AGENT_PAUSE = 7;

    private static final int MANAGER_PAUSE = 6;

    private final CodeBuildLane lane;
    private final RemoteJob job;
    private final JobPlan plan;
    private final BuildChoice choice;
    // Whether a process before this one may have put the job for the agent.
    private boolean resumed;
    private BuildRecord record;

    BuildJob(CodeBuildLane lane, RemoteJob job) throws JobFailure, IOException {
        this.lane = lane;
        this.job = job;
        this.plan = job.plan();
        this.choice = BuildChoice.of(lane.settings(), plan);
        this.record =
                BuildRecord.read(
                        job.directory(),
                        BuildRecord.first(
                                lane.settings().regions().getFirst(), lane.clock().instant()));
    }

    /** How one build ended for the job. */
    private sealed interface BuildResult {
        record Final(RemoteEnd end) implements BuildResult {}

        /** The job was not begun there: another build may do it. */
        record Again(JobFailure why, boolean elsewhere) implements BuildResult {}

        /** The agent has it. */
        record Running(Waiting waiting) implements BuildResult {}
    }

    RemoteEnd run() throws JobFailure, IOException, InterruptedException {
        if (record.end().isPresent()) {
            RegionLane region = lane.region(record.region());
            clear(mailbox(region), record.end().get());
            long _ = handOverLog();
            return record.end().get().end(job.directory());
        }
        if (record.released()) {
            // By the process before this one: GitLab may have more of the log by now than is here.
            long _ = handOverLog();
        } else if (record.attempt() == 1 && record.arn().isEmpty()) {
            choice.remarks().forEach(job::say);
        }
        while (true) {
            RegionLane region = lane.region(record.region());
            switch (build(region)) {
                case BuildResult.Final(RemoteEnd end) -> {
                    return end;
                }
                case BuildResult.Running(Waiting waiting) -> {
                    return new RemoteEnd.Parked(waiting);
                }
                case BuildResult.Again(JobFailure why, boolean elsewhere) -> {
                    if (record.attempt() >= MOST_ATTEMPTS) {
                        return failed(why);
                    }
                    String next = elsewhere ? lane.after(record.region()) : record.region();
                    LOG.warn(
                            "build_again job={} region={} next={} error=\"{}\"",
                            plan.payload().id(),
                            record.region(),
                            next,
                            why.getMessage());
                    if (!record.released()) {
                        job.say("  " + why.getMessage() + "; starting another build in " + next);
                    }
                    record = record.again(next).save(job.directory());
                }
            }
        }
    }

    /** Whether another region is tried when this one has no machine in time; the last stays. */
    private boolean moves() {
        return lane.hasOtherRegions() && record.attempt() < MOST_ATTEMPTS;
    }

    /** A start that another region may do better. */
    private BuildResult elsewhere(JobFailure why) throws JobFailure {
        return moves() ? new BuildResult.Again(why, true) : new BuildResult.Final(failed(why));
    }

    private RemoteEnd failed(JobFailure why) throws JobFailure {
        if (record.released()) {
            return new RemoteEnd.Lost(why, false);
        }
        throw why;
    }

    /** One build, from its start to its end. */
    private BuildResult build(RegionLane region)
            throws JobFailure, IOException, InterruptedException {
        if (record.arn().isEmpty()) {
            region.quota.begun();
            try {
                Optional<BuildResult> ended = start(region);
                if (ended.isPresent()) {
                    return ended.get();
                }
            } finally {
                region.quota.ended();
            }
        }
        Mailbox mailbox = mailbox(region);
        BuildWatcher.Watch watch = region.watcher.watch(record.arn());
        boolean known = record.released();
        boolean parked = false;
        List<Variable> variables = List.of();
        try {
            if (!record.released()) {
                Optional<BuildResult> ended = awaitMachine(region, watch);
                if (ended.isPresent()) {
                    return ended.get();
                }
                variables = region.references.read(choice.references());
                if (lane.isRelayed()) {
                    putSources(mailbox);
                }
                release(watch);
            } else if (!watch.isHanded()) {
                // What a process before this one has put may have been taken already.
                resumed = true;
                if (mailbox.isClaimed()) {
                    watch.handed();
                }
            }
            if (!watch.isHanded()) {
                if (resumed) {
                    try {
                        variables = region.references.read(choice.references());
                        if (lane.isRelayed()) {
                            putSources(mailbox);
                        }
                    } catch (JobFailure why) {
                        return unreadable(region, mailbox, why);
                    }
                }
                try {
                    mailbox.put(handOver(region, watch, variables).json());
                } catch (IOException e) {
                    if (resumed || !isDenied(e)) {
                        throw e;
                    }
                    return forbidden(region, mailbox, e);
                }
                watch.handed();
            }
            if (lane.isRelayed()) {
                return relayed(region, watch, mailbox);
            }
            Optional<BuildResult> end = end(region, watch, mailbox, Optional.empty());
            if (end.isPresent()) {
                return end.get();
            }
            boolean mayAsk = BuildCaches.maySave(lane.caches(), plan);
            if (mayAsk && known) {
                answer(region, mailbox);
            }
            parked = true;
            return new BuildResult.Running(
                    new BuildWait(
                            lane,
                            region,
                            watch,
                            plan.payload().id(),
                            moves(),
                            mayAsk ? Optional.of(mailbox) : Optional.empty(),
                            choice.timeout()
                                    .plus(lane.settings().queueLimit())
                                    .plus(lane.times().overdue())));
        } finally {
            if (!parked) {
                watch.close();
            }
        }
    }

    private Mailbox mailbox(RegionLane region) {
        return new Mailbox(
                region.clients.s3(), region.bucket, lane.settings().kmsKey(), record.arn());
    }

    /** The log is no longer ours, and no agent has the job. */
    private BuildResult unreadable(RegionLane region, Mailbox mailbox, JobFailure why)
            throws IOException {
        boolean begun = !mailbox.takeBack();
        if (begun) {
            throw new IOException("claimed while its variables were read", why);
        }
        boolean _ = region.stop(record.arn());
        return over(
                new EndNote.Lost(why.reason(), String.valueOf(why.getMessage()), true), mailbox);
    }

    private static boolean isDenied(IOException e) {
        return e.getCause() instanceof SdkException refused && AwsFailure.isDenied(refused);
    }

    /** A right that is missing does not come while the build waits, and the user should know. */
    private BuildResult forbidden(RegionLane region, Mailbox mailbox, IOException why)
            throws IOException {
        boolean _ = region.stop(record.arn());
        return over(
                new EndNote.Lost(
                        FailureReason.RUNNER_SYSTEM_FAILURE,
                        String.valueOf(why.getMessage()),
                        true),
                mailbox);
    }

    private Optional<BuildResult> start(RegionLane region)
            throws JobFailure, IOException, InterruptedException {
        if (!record.released()) {
            job.say(
                    "  starting %s in %s (placement %s: %s)%s"
                            .formatted(
                                    title(region.name),
                                    choice.image(),
                                    choice.placement().word(),
                                    plan.variables().content("ARMRUNNER_PLACEMENT").isEmpty()
                                            ? "the lane's"
                                            : "the job's ARMRUNNER_PLACEMENT",
                                    tariff(region).isKnown() ? ", " + tariff(region).rate() : ""));
        }
        BuildRequest.Agent agent;
        Optional<BuildRequest.Agent> java;
        try {
            agent = region.agents.agent();
            java = choice.bringsJava() ? region.agents.runtime() : Optional.empty();
        } catch (JobFailure why) {
            return Optional.of(elsewhere(why));
        }
        if (java.isEmpty() && CuratedImages.lackJava(choice.image())) {
            throw new JobFailure(
                    FailureReason.RUNNER_CONFIGURATION_ERROR,
                    "image %s has no Java 25, and this armrunner brings none: take the image %s, or a distribution with runtimes for %s"
                            .formatted(
                                    choice.image(),
                                    CuratedImages.onLambda(
                                            lane.settings().machine().architecture()),
                                    lane.settings().machine().architecture()));
        }
        record.save(job.directory());
        BuildRequest.Identity identity =
                new BuildRequest.Identity(lane.manager(), plan.payload().id(), record.attempt());
        BuildStarter.Start start =
                region.starter.start(
                        BuildRequest.of(
                                lane.settings(), region.name, choice, identity, agent, java),
                        identity,
                        job,
                        moves() ? lane.settings().startLimit() : lane.settings().queueLimit());
        return switch (start) {
            case BuildStarter.Start.Begun(String arn) -> {
                record = record.started(arn).save(job.directory());
                LOG.info(
                        "build_started job={} build={} region={} size={}",
                        plan.payload().id(),
                        arn,
                        region.name,
                        choice.size().word());
                yield Optional.empty();
            }
            case BuildStarter.Start.Nothing _ ->
                    Optional.of(
                            new BuildResult.Again(
                                    system(
                                            "AWS in %s never said whether the build was started"
                                                    .formatted(region.name)),
                                    true));
            case BuildStarter.Start.NoRoom(JobFailure why) -> Optional.of(elsewhere(why));
            case BuildStarter.Start.Stopped _ -> Optional.of(stopped(region));
        };
    }

    /** The job is to stop and nobody has it yet. */
    private BuildResult stopped(RegionLane region) throws JobFailure {
        if (job.stop() == RemoteJob.Stop.MANAGER) {
            return new BuildResult.Final(new RemoteEnd.Left());
        }
        if (!record.arn().isEmpty()) {
            boolean _ = region.stop(record.arn());
        }
        if (job.stop() == RemoteJob.Stop.OVER) {
            return new BuildResult.Final(new RemoteEnd.Over());
        }
        throw new JobFailure(FailureReason.JOB_CANCELED, "canceled");
    }

    /** Tells how it goes until the build has a machine; empty when it has. */
    private Optional<BuildResult> awaitMachine(RegionLane region, BuildWatcher.Watch watch)
            throws JobFailure, InterruptedException {
        Duration note = lane.times().queueNote();
        while (true) {
            Optional<BuildView> seen = watch.latest();
            if (seen.isPresent() && seen.get().isOver()) {
                bill(region, seen.get());
                JobFailure why = failure(seen.get(), region);
                if (BuildEnd.isWorthAnother(seen.get())) {
                    return Optional.of(new BuildResult.Again(why, true));
                }
                throw why;
            }
            if (seen.isPresent() && !seen.get().isQueued()) {
                record = record.queued(seen.get().queued());
                return Optional.empty();
            }
            if (watch.missing().compareTo(lane.times().missing()) > 0) {
                return Optional.of(
                        new BuildResult.Again(
                                system("CodeBuild does not know the build that it started"),
                                false));
            }
            if (job.stop() != RemoteJob.Stop.NONE) {
                return Optional.of(stopped(region));
            }
            if (moves() && watch.age().compareTo(lane.settings().startLimit()) > 0) {
                boolean _ = region.stop(record.arn());
                return Optional.of(
                        new BuildResult.Again(
                                system(
                                        "no machine in %s within %d s"
                                                .formatted(
                                                        region.name,
                                                        lane.settings().startLimit().toSeconds())),
                                true));
            }
            if (watch.age().compareTo(note) > 0) {
                job.say(
                        "  waiting for a machine since %d s: the builds of this account are at their quota"
                                .formatted(watch.age().toSeconds()));
                note = watch.age().plus(lane.times().queueNote());
            }
            job.pause(lane.times().look());
        }
    }

    /** From here on the agent writes the log, and nobody else. */
    private void release(BuildWatcher.Watch watch) throws IOException, InterruptedException {
        LOG.debug("job_released job={} age_ms={}", plan.payload().id(), watch.age().toMillis());
        record = record.released(handOverLog()).save(job.directory());
    }

    /** How many bytes of the log GitLab has, or the manager of a job that it relays. */
    private long handOverLog() throws InterruptedException {
        if (!lane.isRelayed()) {
            return job.release();
        }
        job.relay();
        return job.written();
    }

    /** Fetches what the build cannot fetch, and leaves it for the agent. */
    private void putSources(Mailbox mailbox) throws JobFailure, IOException, InterruptedException {
        if (!record.released()) {
            job.say(
                    "  this build does not reach GitLab: the runner fetches its sources and hands on its log and artifacts; scripts that call GitLab themselves will fail");
        }
        if (!RelayedSources.areWanted(plan)) {
            return;
        }
        Path zip = job.directory().resolve("sources.zip");
        try {
            List<String> notes =
                    new RelayedSources(plan, lane.environment(), job.directory().resolve("sources"))
                            .fetch(zip);
            if (!record.released()) {
                notes.forEach(note -> job.say("  " + note));
            }
            mailbox.putSources(zip);
        } finally {
            Files.deleteIfExists(zip);
        }
    }

    /** Where the repository of a relayed job is in its build; the project has its usual path. */
    private RunnerSettings settings() throws JobFailure {
        if (!lane.isRelayed() || !RelayedSources.areWanted(plan)) {
            return plan.settings();
        }
        String place = RelayedSources.place(plan.sources().remoteUrl().value());
        String path = plan.variables().content("CI_PROJECT_PATH");
        String project =
                (path.isEmpty() ? plan.payload().jobInfo().projectFullPath() : path) + ".git";
        return plan.settings()
                .withCloneUrl(
                        "file://"
                                + JobKeys.sourcesAt(plan.place().buildsRoot())
                                + "/"
                                + (place.endsWith(project)
                                        ? place.substring(0, place.length() - project.length())
                                        : ""));
    }

    private HandOver handOver(RegionLane region, BuildWatcher.Watch watch, List<Variable> variables)
            throws JobFailure, IOException, InterruptedException {
        Instant since =
                watch.latest()
                        .flatMap(view -> view.phase("PROVISIONING"))
                        .flatMap(BuildView.Phase::start)
                        .orElse(lane.clock().instant());
        return HandOver.of(
                record.arn(),
                new PlanInput(settings(), plan.place()),
                lane.labels(),
                job.raw(),
                // As the file has it: the process before may have written it.
                Files.readAllBytes(job.directory().resolve("trace")),
                record.acknowledged(),
                lane.finalRounds(),
                new HandOver.Notes(
                        title(region.name),
                        record.queuedSeconds(),
                        since.toEpochMilli(),
                        tariff(region)),
                variables,
                BuildCaches.signed(lane.caches(), region, lane.settings(), plan),
                lane.isRelayed() ? lane.times().look().multipliedBy(AGENT_PAUSE) : Duration.ZERO);
    }

    /**
     * Is a relayed job's line to GitLab until its end. It waits here and is not parked: its log
     * goes through this process.
     */
    private BuildResult relayed(RegionLane region, BuildWatcher.Watch watch, Mailbox mailbox)
            throws IOException, InterruptedException {
        Relay relay =
                new Relay(
                        job,
                        mailbox,
                        lane.store(),
                        lane.times().look().multipliedBy(MANAGER_PAUSE),
                        lane.ticker());
        Duration overdue =
                choice.timeout().plus(lane.settings().queueLimit()).plus(lane.times().overdue());
        Optional<Duration> over = Optional.empty();
        boolean stopped = false;
        boolean mayAsk = BuildCaches.maySave(lane.caches(), plan);
        Duration answered = watch.age();
        while (true) {
            quietly(relay::step);
            if (mayAsk && watch.age().minus(answered).compareTo(lane.times().asking()) > 0) {
                answered = watch.age();
                answer(region, mailbox);
            }
            Optional<BuildResult> end = end(region, watch, mailbox, Optional.of(relay));
            if (end.isPresent()) {
                return end.get();
            }
            if (watch.latest().filter(BuildWait::isRunning).isPresent()) {
                watch.settled();
            }
            Duration age = watch.age();
            if (over.isEmpty() && job.stop() == RemoteJob.Stop.OVER) {
                over = Optional.of(age);
            }
            boolean outlives =
                    over.filter(since -> age.minus(since).compareTo(lane.times().outliving()) > 0)
                            .isPresent();
            if (!stopped && (outlives || age.compareTo(overdue) > 0)) {
                LOG.warn("build_stuck job={} build={}", plan.payload().id(), record.arn());
                stopped = region.stop(record.arn());
            }
            // Not the job's own pause, which a cancelled job does not make: this one goes on.
            Thread.sleep(lane.times().look());
        }
    }

    /** Signs what the agent wants to have signed; it waits while that fails. */
    private void answer(RegionLane region, Mailbox mailbox) throws InterruptedException {
        try {
            Optional<byte[]> wanted = mailbox.wanted();
            if (wanted.isPresent()) {
                mailbox.putSigned(
                        BuildCaches.signed(
                                        lane.caches(),
                                        region,
                                        lane.settings(),
                                        plan,
                                        PartsWanted.read(wanted.get()))
                                .json());
            }
        } catch (IOException e) {
            LOG.warn(
                    "cache_parts_unsigned job={} build={} error=\"{}\"",
                    plan.payload().id(),
                    record.arn(),
                    e.getMessage());
        }
    }

    /** A part of the relay's work. */
    @FunctionalInterface
    private interface Work {
        void run() throws IOException, InterruptedException;
    }

    /** While S3 does not answer, messages wait; what cannot be read is as good as missing. */
    private void quietly(Work work) throws InterruptedException {
        try {
            work.run();
        } catch (IOException e) {
            LOG.warn(
                    "relay_failed job={} build={} error=\"{}\"",
                    plan.payload().id(),
                    record.arn(),
                    e.getMessage());
        }
    }

    /** The build's end, or that of this process; empty while it goes on. */
    private Optional<BuildResult> end(
            RegionLane region, BuildWatcher.Watch watch, Mailbox mailbox, Optional<Relay> relay)
            throws IOException, InterruptedException {
        Optional<BuildView> seen = watch.latest();
        if (seen.isPresent() && seen.get().isOver()) {
            Optional<BuildResult> end = ended(seen.get(), region, mailbox, relay);
            if (end.isPresent()) {
                bill(region, seen.get());
            }
            return end;
        }
        if (job.stop() == RemoteJob.Stop.MANAGER) {
            return Optional.of(new BuildResult.Final(new RemoteEnd.Left()));
        }
        boolean gone = watch.missing().compareTo(lane.times().missing()) > 0;
        if ((gone || (moves() && BuildWait.isLate(lane, watch))) && mailbox.takeBack()) {
            boolean _ = region.stop(record.arn());
            mailbox.clear(false, false);
            return Optional.of(
                    new BuildResult.Again(
                            system("no machine in " + region.name + " in time"), true));
        }
        return gone
                ? Optional.of(
                        new BuildResult.Final(
                                new RemoteEnd.Lost(
                                        system("CodeBuild does not know the build any more"),
                                        true)))
                : Optional.empty();
    }

    /** What the end of the build means; empty while S3 does not answer. */
    private Optional<BuildResult> ended(
            BuildView build, RegionLane region, Mailbox mailbox, Optional<Relay> relay)
            throws InterruptedException {
        try {
            if (relay.isPresent()) {
                quietly(relay.get()::take);
                Optional<Receipt> told = mailbox.receipt();
                if (told.isPresent() && !told.get().accepted()) {
                    return relayed(told.get(), relay.get(), mailbox);
                }
            }
            return Optional.of(endOf(build, region, mailbox));
        } catch (IOException e) {
            LOG.warn(
                    "receipt_unread job={} build={} error=\"{}\"",
                    plan.payload().id(),
                    build.arn(),
                    e.getMessage());
            return Optional.empty();
        }
    }

    /** The end of a relayed job, once its log is whole. */
    private Optional<BuildResult> relayed(Receipt told, Relay relay, Mailbox mailbox)
            throws IOException {
        if (!relay.has(told.logBytes())) {
            if (relay.silence().compareTo(lane.times().missing()) < 0) {
                return Optional.empty();
            }
            LOG.error(
                    "relay_incomplete job={} build={} bytes={} of={}",
                    plan.payload().id(),
                    record.arn(),
                    job.written(),
                    told.logBytes());
        }
        return Optional.of(over(new EndNote.Relayed(told), mailbox));
    }

    private BuildResult endOf(BuildView build, RegionLane region, Mailbox mailbox)
            throws IOException {
        Optional<Receipt> told = mailbox.receipt();
        if (told.isPresent() && told.get().accepted()) {
            return over(new EndNote.Told(told.get(), false), mailbox);
        }
        Optional<byte[]> log = told.isPresent() ? mailbox.log() : Optional.empty();
        if (told.isPresent() && log.isPresent()) {
            Path _ = Files.write(job.directory().resolve(EndNote.LOG), log.get());
            return over(new EndNote.Told(told.get(), true), mailbox);
        }
        JobFailure why =
                BootLog.lastWord(region.clients.logs(), build)
                        .map(word -> new JobFailure(FailureReason.RUNNER_SYSTEM_FAILURE, word))
                        .orElseGet(() -> failure(build, region));
        boolean begun = !mailbox.takeBack();
        if (!begun && (BuildEnd.isWorthAnother(build) || BuildEnd.isWithoutJob(build))) {
            mailbox.clear(false, told.isPresent());
            return new BuildResult.Again(why, BuildEnd.isWorthAnother(build));
        }
        return over(
                new EndNote.Lost(why.reason(), String.valueOf(why.getMessage()), begun), mailbox);
    }

    /** Notes the end, and only then removes what has told it. */
    private BuildResult over(EndNote end, Mailbox mailbox) throws IOException {
        record = record.ended(end).save(job.directory());
        clear(mailbox, end);
        return new BuildResult.Final(end.end(job.directory()));
    }

    private void clear(Mailbox mailbox, EndNote end) {
        try {
            switch (end) {
                // The agent has deleted the job; but after a restart it may have been put again.
                case EndNote.Told(Receipt _, boolean kept) -> mailbox.clear(resumed, kept);
                case EndNote.Relayed _ -> mailbox.clear(resumed, false);
                case EndNote.Lost(var _, String _, boolean begun) -> mailbox.clear(begun, true);
            }
            if (lane.isRelayed()) {
                mailbox.clearRelay();
            }
        } catch (IOException e) {
            LOG.warn(
                    "objects_left job={} build={} error=\"{}\"",
                    plan.payload().id(),
                    record.arn(),
                    e.getMessage());
        }
    }

    private JobFailure failure(BuildView build, RegionLane region) {
        String project = lane.settings().project();
        return lane.settings().isLambda()
                ? BuildEnd.onLambda(build, project, region.name)
                : BuildEnd.failure(build, project, region.name);
    }

    private void bill(RegionLane region, BuildView build) {
        Duration time = build.billed(lane.clock().instant());
        Tariff tariff = tariff(region);
        long units = time.isZero() ? 0 : tariff.units(time);
        lane.costs().add(tariff, units);
        LOG.info(
                "build_ended job={} build={} status={} billed=\"{}\" cost={}",
                plan.payload().id(),
                build.arn(),
                build.status(),
                tariff.time(units),
                tariff.price(units));
    }

    private String title(String region) {
        return "CodeBuild %s %s in %s"
                .formatted(lane.settings().machine().word(), choice.size().word(), region);
    }

    private Tariff tariff(RegionLane region) {
        return Prices.of(lane.settings(), region.name, choice.size());
    }

    private static JobFailure system(String why) {
        return new JobFailure(FailureReason.RUNNER_SYSTEM_FAILURE, why);
    }
}
