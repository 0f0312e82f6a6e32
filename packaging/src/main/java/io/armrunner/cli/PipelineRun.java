package io.armrunner.cli;

import io.armrunner.ci.JobPayloads;
import io.armrunner.ci.JobResult;
import io.armrunner.ci.JobStatus;
import io.armrunner.ci.PayloadContext;
import io.armrunner.ci.Pipeline;
import io.armrunner.ci.PipelineJob;
import io.armrunner.ci.PipelineScheduler;
import io.armrunner.ci.PipelineStatus;
import io.armrunner.coordinator.Coordinator;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.JobListener;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.Project;
import io.armrunner.coordinator.StoredArtifact;
import io.armrunner.spec.ArtifactsFile;
import io.armrunner.spec.Dependency;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.Secret;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * One pipeline at a coordinator: queues each job when the scheduler says so, until there is none
 * left. Runs on the main thread; the threads of the coordinator only put events in its queue.
 */
final class PipelineRun {
    /** Nothing more happens before the next event; this only bounds the wait. */
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(1);

    private static final String VERSION = "19.4.0";
    private static final Duration DEFAULT_TIMEOUT = Duration.ofHours(1);

    /** As GitLab's default for new projects. */
    private static final int DEPTH = 20;

    /** What can happen. */
    private sealed interface Event {
        record Ended(String name, CoordinatorJob job) implements Event {}

        record Stop(boolean atOnce) implements Event {}
    }

    /** Where the jobs go. */
    record Server(Coordinator coordinator, CoordinatorRunner runner, Project project) {}

    private final Pipeline pipeline;
    private final PipelineScheduler scheduler;
    private final Server server;
    private final ExecConsole console;
    private final InstantSource clock;
    private final String user;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final Map<String, CoordinatorJob> running = new LinkedHashMap<>();
    private final Map<String, CoordinatorJob> ended = new HashMap<>();
    private final Map<String, Instant> delayed = new HashMap<>();
    private final Map<String, ExecTable.Run> runs = new HashMap<>();
    private long lastId;
    private boolean stopped;

    PipelineRun(
            Pipeline pipeline,
            List<String> named,
            Server server,
            ExecConsole console,
            InstantSource clock,
            String user) {
        this.pipeline = pipeline;
        this.scheduler = new PipelineScheduler(pipeline);
        this.server = server;
        this.console = console;
        this.clock = clock;
        this.user = user;
        this.named = List.copyOf(named);
    }

    private final List<String> named;

    /** Ends the jobs: their {@code after_script} runs, unless it is to be at once. Any thread. */
    void stop(boolean atOnce) {
        events.add(new Event.Stop(atOnce));
    }

    /** Runs it all; says how it ended. */
    PipelineStatus run() throws InterruptedException {
        while (true) {
            playNamed();
            startReady();
            if (scheduler.isFinished()) {
                return scheduler.status();
            }
            Event event = events.poll(untilNext().toMillis() + 1, TimeUnit.MILLISECONDS);
            switch (event) {
                case null -> {
                    // A delayed job is due.
                }
                case Event.Ended(String name, CoordinatorJob job) -> ended(name, job);
                case Event.Stop(boolean atOnce) -> stopNow(atOnce);
            }
        }
    }

    PipelineScheduler scheduler() {
        return scheduler;
    }

    /** Whether the user stopped it. */
    boolean isStopped() {
        return stopped;
    }

    Map<String, ExecTable.Run> runs() {
        return runs;
    }

    /** What the last run of each job handed on, in the pipeline's order. */
    Map<String, List<StoredArtifact>> artifacts() {
        Map<String, List<StoredArtifact>> artifacts = new LinkedHashMap<>();
        for (PipelineJob job : pipeline.jobs()) {
            CoordinatorJob last = ended.get(job.name());
            if (last != null) {
                artifacts.put(job.name(), last.artifacts());
            }
        }
        return artifacts;
    }

    private void playNamed() {
        for (PipelineJob job : scheduler.manual()) {
            if (named.contains(job.name()) || named.contains(job.baseName())) {
                scheduler.play(job.name());
            }
        }
    }

    private void startReady() {
        for (PipelineJob job : scheduler.ready()) {
            if (job.startIn().isPositive()) {
                Instant due = delayed.computeIfAbsent(job.name(), _ -> due(job));
                if (clock.instant().isBefore(due)) {
                    continue;
                }
            }
            start(job);
        }
    }

    private Instant due(PipelineJob job) {
        console.remark(job.name(), "starts in " + ExecTable.seconds(job.startIn()));
        return clock.instant().plus(job.startIn());
    }

    private Duration untilNext() {
        Instant now = clock.instant();
        Duration least = LONGEST_WAIT;
        for (PipelineJob job : scheduler.ready()) {
            Instant due = delayed.getOrDefault(job.name(), now);
            Duration left = Duration.between(now, due);
            least = left.compareTo(least) < 0 ? left : least;
        }
        return least.isNegative() ? Duration.ZERO : least;
    }

    private void start(PipelineJob job) {
        scheduler.started(job.name());
        long id = ++lastId;
        Secret token = server.coordinator().jobToken();
        LogText log = console.log(job.name());
        CoordinatorJob queued =
                server.coordinator()
                        .enqueue(
                                JobPayloads.payload(pipeline, job, context(id, token, job)),
                                new Follower(job.name(), log));
        running.put(job.name(), queued);
    }

    private PayloadContext context(long id, Secret token, PipelineJob job) {
        URI url = server.coordinator().url();
        String repository =
                "http://gitlab-ci-token:"
                        + token.value()
                        + "@"
                        + url.getAuthority()
                        + "/"
                        + server.project().path()
                        + ".git";
        return new PayloadContext(
                url,
                VERSION,
                id,
                token,
                1,
                1,
                server.project().id(),
                Secret.of(repository),
                refspecs(),
                pipeline.git().tag().isPresent() ? "tag" : "branch",
                DEPTH,
                true,
                DEFAULT_TIMEOUT,
                clock.instant(),
                new PayloadContext.Runner(
                        server.runner().id(), server.runner().spec().description(), List.of()),
                new PayloadContext.User(1, user, user, user + "@localhost"),
                dependencies(job, token));
    }

    private List<String> refspecs() {
        List<String> refspecs = new ArrayList<>();
        refspecs.add("+" + pipeline.git().sha() + ":refs/pipelines/1");
        String branch = pipeline.git().branch();
        if (pipeline.git().tag().isEmpty() && !branch.equals("HEAD")) {
            refspecs.add("+refs/heads/" + branch + ":refs/remotes/origin/" + branch);
        }
        return refspecs;
    }

    private List<Dependency> dependencies(PipelineJob job, Secret token) {
        List<Dependency> dependencies = new ArrayList<>();
        for (String name : job.dependencies()) {
            CoordinatorJob earlier = ended.get(name);
            if (earlier != null) {
                Optional<StoredArtifact> archive =
                        earlier.artifacts().stream()
                                .filter(artifact -> artifact.type().equals("archive"))
                                .findFirst();
                dependencies.add(
                        new Dependency(
                                earlier.id(),
                                name,
                                token,
                                archive.map(found ->
                                                new ArtifactsFile(found.filename(), found.size()))
                                        .orElse(ArtifactsFile.EMPTY)));
            }
        }
        return dependencies;
    }

    private void ended(String name, CoordinatorJob job) {
        if (!running.remove(name, job)) {
            return;
        }
        ended.put(name, job);
        Optional<Duration> took =
                job.startedAt()
                        .flatMap(
                                start -> job.finishedAt().map(end -> Duration.between(start, end)));
        runs.put(name, new ExecTable.Run(took, failure(job)));
        if (scheduler.finished(name, result(job)) == JobStatus.READY) {
            console.remark(name, failure(job) + ", is tried again");
        }
    }

    private static JobResult result(CoordinatorJob job) {
        return switch (job.state()) {
            case SUCCESS -> new JobResult.Succeeded();
            case FAILED ->
                    new JobResult.Failed(
                            reason(job), isScript(job) ? job.exitCode() : OptionalInt.empty());
            case CANCELED, PENDING, RUNNING, CANCELING -> new JobResult.Canceled();
        };
    }

    private static boolean isScript(CoordinatorJob job) {
        return reason(job) == FailureReason.SCRIPT_FAILURE;
    }

    private static FailureReason reason(CoordinatorJob job) {
        String word = job.failureReason().orElse("");
        for (FailureReason reason : FailureReason.values()) {
            if (reason.wireName().equals(word)) {
                return reason;
            }
        }
        return FailureReason.UNKNOWN_FAILURE;
    }

    private static String failure(CoordinatorJob job) {
        if (job.state() != JobState.FAILED) {
            return "";
        }
        return isScript(job) && job.exitCode().isPresent()
                ? "exit code " + job.exitCode().getAsInt()
                : job.failureReason().orElse("unknown_failure").replace('_', ' ');
    }

    private void stopNow(boolean atOnce) {
        stopped = true;
        scheduler.cancel();
        for (CoordinatorJob job : List.copyOf(running.values())) {
            if (atOnce) {
                job.forceCancel();
            } else {
                job.cancel();
            }
        }
    }

    /** Follows one run of a job, on the threads that serve the runner. */
    private final class Follower implements JobListener {
        private final String name;
        private final LogText log;

        Follower(String name, LogText log) {
            this.name = name;
            this.log = log;
        }

        @Override
        public void logGrew(CoordinatorJob job, long offset, byte[] bytes) {
            synchronized (log) {
                log.add(bytes);
            }
        }

        @Override
        public void stateChanged(CoordinatorJob job, JobState state) {
            if (!state.isFinished()) {
                return;
            }
            synchronized (log) {
                log.end();
                if (state == JobState.FAILED && !log.scriptSeen()) {
                    console.explain(name, log);
                }
            }
            events.add(new Event.Ended(name, job));
        }
    }
}
