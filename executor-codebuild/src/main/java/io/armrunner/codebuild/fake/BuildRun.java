package io.armrunner.codebuild.fake;

import io.armrunner.codebuild.aws.AwsPlace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.codebuild.model.Build;
import software.amazon.awssdk.services.codebuild.model.BuildPhase;
import software.amazon.awssdk.services.codebuild.model.BuildPhaseType;
import software.amazon.awssdk.services.codebuild.model.EnvironmentVariable;
import software.amazon.awssdk.services.codebuild.model.LogsLocation;
import software.amazon.awssdk.services.codebuild.model.PhaseContext;
import software.amazon.awssdk.services.codebuild.model.ProjectSource;
import software.amazon.awssdk.services.codebuild.model.StatusType;

/**
 * The life of one build, from its submission to its last phase, on a virtual thread of its own.
 *
 * <p>{@link #now} is safe from any thread.
 */
final class BuildRun {
    private static final Logger LOG = LoggerFactory.getLogger(BuildRun.class);

    /** Ends a build early, with what its phase shows. */
    private static final class Ended extends Exception {
        private static final long serialVersionUID = 1;
        private final StatusType phaseStatus;
        private final StatusType buildStatus;
        private final String code;

        Ended(StatusType phaseStatus, StatusType buildStatus, String code, String message) {
            super(message);
            this.phaseStatus = phaseStatus;
            this.buildStatus = buildStatus;
            this.code = code;
        }
    }

    private final FakeBuilds builds;
    private final Slots.Place place;
    private final Optional<BuildFault> fault;
    private final String kind;
    private final CompletableFuture<Void> stop = new CompletableFuture<>();
    private final CompletableFuture<Void> killed = new CompletableFuture<>();
    private final List<BuildPhase> phases = new ArrayList<>();
    private Build build;
    private Instant phaseStart;
    private boolean underWay = true;

    /**
     * @param place taken or waited for; given back at the end
     */
    BuildRun(FakeBuilds builds, Build build, Slots.Place place, Optional<BuildFault> fault) {
        this.builds = builds;
        this.place = place;
        this.fault = fault;
        this.kind = FakeBuilds.kind(build.environment());
        this.phaseStart = build.startTime();
        this.build = build;
    }

    /** The build as it is. */
    synchronized Build now() {
        List<BuildPhase> all = new ArrayList<>(phases);
        all.add(BuildPhase.builder().phaseType(build.currentPhase()).startTime(phaseStart).build());
        return build.toBuilder().phases(all).build();
    }

    synchronized boolean isUnderWay() {
        return underWay;
    }

    /** Asks for its end; what runs gets no warning. */
    void stop() {
        stop.complete(null);
    }

    void run() {
        StatusType status = StatusType.FAULT;
        try {
            enter(BuildPhaseType.QUEUED);
            queue();
            provision();
            status = work();
        } catch (Ended e) {
            finish(e.phaseStatus, e.code, String.valueOf(e.getMessage()));
            status = e.buildStatus;
        } catch (InterruptedException _) {
            // The fake closes.
            finish(StatusType.STOPPED, "", "");
            status = StatusType.STOPPED;
            Thread.currentThread().interrupt();
        } catch (IOException | RuntimeException e) {
            LOG.warn("fake.build-broken build={}", build.id(), e);
            finish(StatusType.FAULT, "INTERNAL_SERVICE_ERROR", e.toString());
        } finally {
            killed.complete(null);
            builds.slots().free(kind, place);
            complete(status);
        }
    }

    private void queue() throws Ended, InterruptedException {
        // Nothing queues on Lambda compute: a start has a place or is refused.
        pause(isOnLambda() ? Duration.ZERO : builds.times().queued());
        Duration limit = Duration.ofMinutes(FakeProjects.or(build.queuedTimeoutInMinutes(), 1));
        if (!await(place.ready(), limit)) {
            throw timedOut("QUEUED");
        }
        fail(BuildPhaseType.QUEUED);
        finish(StatusType.SUCCEEDED, "", "");
    }

    private boolean isOnLambda() {
        return LambdaCompute.isUsed(build.environment());
    }

    private void provision() throws Ended, InterruptedException {
        enter(BuildPhaseType.PROVISIONING);
        boolean custom = !build.environment().image().startsWith("aws/codebuild/");
        boolean privileged = Boolean.TRUE.equals(build.environment().privilegedMode());
        pause(
                isOnLambda()
                        ? builds.times().provisioningOnLambda()
                        : builds.times().provisioning(privileged, custom));
        fail(BuildPhaseType.PROVISIONING);
        try {
            builds.pull(this);
        } catch (ServiceError e) {
            BuildFault refused = BuildFault.imagePull(e.text());
            throw new Ended(refused.status(), refused.status(), refused.code(), refused.message());
        }
        showLogs();
        finish(StatusType.SUCCEEDED, "", "");
    }

    private StatusType work() throws Ended, IOException, InterruptedException {
        enter(BuildPhaseType.DOWNLOAD_SOURCE);
        Path root = Files.createTempDirectory(builds.directory(), "build-");
        try {
            Path sources = Files.createDirectories(output(root).resolve("src/src"));
            Files.createDirectories(home(root));
            AwsPlace.Keys keys = builds.credentialsOf(this);
            Buildspec spec;
            try {
                builds.download(this, sources);
                for (ProjectSource each : build.secondarySources()) {
                    builds.downloadSecondary(
                            this, each, Files.createDirectories(secondary(root, each)));
                }
                fail(BuildPhaseType.DOWNLOAD_SOURCE);
                spec = Buildspec.parse(build.source().buildspec());
            } catch (ServiceError e) {
                throw new Ended(StatusType.FAILED, StatusType.FAILED, e.code(), e.text());
            }
            finish(StatusType.SUCCEEDED, "", "");
            say("Phases found in YAML: " + spec.phases().size());
            return commands(spec, root, sources, keys);
        } finally {
            killed.complete(null);
            Trees.delete(root);
        }
    }

    private Path output(Path root) {
        return root.resolve(isOnLambda() ? "tmp/codebuild/output" : "output");
    }

    /** On Lambda compute it is /tmp itself. */
    private Path home(Path root) {
        return root.resolve(isOnLambda() ? "tmp" : "home");
    }

    private Path secondary(Path root, ProjectSource source) {
        return output(root).resolve("src-" + source.sourceIdentifier() + "/src");
    }

    /** INSTALL and PRE_BUILD decide about BUILD; POST_BUILD follows BUILD in any case. */
    private StatusType commands(Buildspec spec, Path root, Path sources, AwsPlace.Keys keys)
            throws Ended, IOException, InterruptedException {
        Map<String, String> environment = environment(root, sources, keys);
        boolean good =
                phase(BuildPhaseType.INSTALL, spec, root, sources, environment)
                        && phase(BuildPhaseType.PRE_BUILD, spec, root, sources, environment);
        if (good) {
            good = phase(BuildPhaseType.BUILD, spec, root, sources, environment);
            environment.put("CODEBUILD_BUILD_SUCCEEDING", good ? "1" : "0");
            good &= phase(BuildPhaseType.POST_BUILD, spec, root, sources, environment);
        }
        enter(BuildPhaseType.UPLOAD_ARTIFACTS);
        finish(StatusType.SUCCEEDED, "", "");
        enter(BuildPhaseType.FINALIZING);
        pause(builds.times().finalizing());
        finish(StatusType.SUCCEEDED, "", "");
        return good ? StatusType.SUCCEEDED : StatusType.FAILED;
    }

    private boolean phase(
            BuildPhaseType type,
            Buildspec spec,
            Path root,
            Path sources,
            Map<String, String> environment)
            throws Ended, IOException, InterruptedException {
        enter(type);
        fail(type);
        String name = type.toString().toLowerCase(java.util.Locale.ROOT);
        Optional<Buildspec.Phase> phase = spec.phase(name);
        int status = 0;
        if (phase.isPresent()) {
            say("Entering phase " + type);
            status = run(step(name, spec, phase.get().commands(), root, sources, environment));
            run(step(name, spec, phase.get().afterwards(), root, sources, environment));
        }
        say("Phase complete: %s State: %s".formatted(type, status == 0 ? "SUCCEEDED" : "FAILED"));
        if (status == 0) {
            finish(StatusType.SUCCEEDED, "", "");
            return true;
        }
        finish(
                StatusType.FAILED,
                "COMMAND_EXECUTION_ERROR",
                "Error while executing command: %s. Reason: exit status %d"
                        .formatted(
                                phase.map(Buildspec.Phase::commands).map(List::getLast).orElse(""),
                                status));
        return false;
    }

    private BuildWork.Step step(
            String phase,
            Buildspec spec,
            List<String> commands,
            Path root,
            Path sources,
            Map<String, String> environment) {
        return new BuildWork.Step(
                build.arn(),
                phase,
                spec.shell(),
                commands,
                environment,
                root,
                sources,
                isOnLambda() ? Optional.of(home(root)) : Optional.empty(),
                this::say,
                killed);
    }

    /** Runs commands beside this thread, which watches for the end of the build's time. */
    private int run(BuildWork.Step step) throws Ended, IOException, InterruptedException {
        if (step.commands().isEmpty()) {
            return 0;
        }
        CompletableFuture<Integer> result = new CompletableFuture<>();
        Thread thread =
                Thread.ofVirtual()
                        .name("codebuild-" + build.id())
                        .start(() -> {
                            try {
                                result.complete(builds.work().run(step));
                            } catch (IOException | InterruptedException | RuntimeException e) {
                                // The thread ends with this, and a flag with it.
                                result.completeExceptionally(e);
                            }
                        });
        try {
            Instant deadline = build.startTime().plus(Duration.ofMinutes(build.timeoutInMinutes()));
            if (!await(result, Duration.between(builds.time().instant(), deadline))) {
                throw timedOut("BUILD");
            }
            return result.get();
        } catch (ExecutionException e) {
            throw new IOException("the commands of %s broke".formatted(build.id()), e.getCause());
        } finally {
            if (!result.isDone()) {
                killed.complete(null);
            }
            boolean _ = thread.join(Duration.ofSeconds(30));
        }
    }

    private Map<String, String> environment(Path root, Path sources, AwsPlace.Keys keys) {
        Map<String, String> all = new LinkedHashMap<>(builds.environment());
        for (EnvironmentVariable variable : build.environment().environmentVariables()) {
            all.put(variable.name(), variable.value());
        }
        String region = builds.region();
        all.put("HOME", home(root).toString());
        all.put("AWS_REGION", region);
        all.put("AWS_DEFAULT_REGION", region);
        // Two of the SDK's own variables that CodeBuild does not need: where loopback's AWS is.
        all.put("AWS_ENDPOINT_URL", builds.endpoint().toString());
        all.put(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                builds.endpoint() + FakeAws.CREDENTIALS + keys.accessKey());
        all.put("CODEBUILD_BUILD_ARN", build.arn());
        all.put("CODEBUILD_BUILD_ID", build.id());
        all.put("CODEBUILD_BUILD_NUMBER", String.valueOf(build.buildNumber()));
        all.put("CODEBUILD_BUILD_IMAGE", build.environment().image());
        all.put("CODEBUILD_BUILD_SUCCEEDING", "1");
        all.put("CODEBUILD_INITIATOR", build.initiator());
        all.put("CODEBUILD_KMS_KEY_ID", "alias/aws/s3");
        all.put("CODEBUILD_PROJECT_ARN", builds.projectArn(build.projectName()));
        all.put("CODEBUILD_SRC_DIR", sources.toString());
        for (ProjectSource each : build.secondarySources()) {
            all.put(
                    "CODEBUILD_SRC_DIR_" + each.sourceIdentifier(),
                    secondary(root, each).toString());
        }
        all.put("CODEBUILD_START_TIME", String.valueOf(build.startTime().toEpochMilli()));
        return all;
    }

    private void showLogs() {
        var config = build.logs().cloudWatchLogs();
        if (config == null || config.groupName() == null) {
            return;
        }
        String uuid = build.id().substring(build.id().indexOf(':') + 1);
        String stream =
                config.streamName() == null || config.streamName().isEmpty()
                        ? uuid
                        : config.streamName() + "/" + uuid;
        synchronized (this) {
            build =
                    build.toBuilder()
                            .logs(
                                    LogsLocation.builder()
                                            .groupName(config.groupName())
                                            .streamName(stream)
                                            .cloudWatchLogs(config)
                                            .cloudWatchLogsArn(
                                                    builds.logs().arn(config.groupName())
                                                            + ":log-stream:"
                                                            + stream)
                                            .build())
                            .build();
        }
        say("Waiting for agent ping");
    }

    private void say(String line) {
        LogsLocation where;
        synchronized (this) {
            where = build.logs();
        }
        if (where.streamName() != null) {
            builds.log(this, where.groupName(), where.streamName(), line);
        }
    }

    /** Breaks the build off here if that was ordered. */
    private void fail(BuildPhaseType phase) throws Ended {
        if (fault.isPresent() && fault.get().phase() == phase) {
            BuildFault ordered = fault.get();
            throw new Ended(ordered.status(), ordered.status(), ordered.code(), ordered.message());
        }
    }

    // The build says FAILED; only the phase tells that time was up.
    private static Ended timedOut(String where) {
        return new Ended(
                StatusType.TIMED_OUT,
                StatusType.FAILED,
                "BUILD_TIMED_OUT",
                "Build has timed out. " + (where.equals("QUEUED") ? "It was still queued." : ""));
    }

    private void pause(Duration duration) throws Ended, InterruptedException {
        await(new CompletableFuture<>(), duration);
    }

    /** Waits for something in the fake's time; false when it did not come. */
    private boolean await(CompletableFuture<?> what, Duration limit)
            throws Ended, InterruptedException {
        try {
            CompletableFuture.anyOf(what.handle((_, _) -> true), stop)
                    .get(Math.max(0, builds.time().real(limit).toNanos()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException _) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("these futures do not fail", e);
        }
        if (stop.isDone()) {
            killed.complete(null);
            throw new Ended(StatusType.STOPPED, StatusType.STOPPED, "", "");
        }
        return true;
    }

    private synchronized void enter(BuildPhaseType type) {
        if (type == BuildPhaseType.QUEUED) {
            finish(StatusType.SUCCEEDED, "", "");
        }
        phaseStart = builds.time().instant();
        build = build.toBuilder().currentPhase(type.toString()).build();
    }

    private synchronized void finish(StatusType status, String code, String message) {
        @Nullable String current = build.currentPhase();
        // Nothing queues on Lambda compute, however busy this machine is.
        boolean atOnce = isOnLambda() && BuildPhaseType.QUEUED.toString().equals(current);
        Instant end = atOnce ? phaseStart : builds.time().instant();
        boolean again = !phases.isEmpty() && phases.getLast().phaseTypeAsString().equals(current);
        if (again) {
            return;
        }
        phases.add(
                BuildPhase.builder()
                        .phaseType(current)
                        .phaseStatus(status)
                        .startTime(phaseStart)
                        .endTime(end)
                        .durationInSeconds(Duration.between(phaseStart, end).toSeconds())
                        .contexts(
                                code.isEmpty()
                                        ? List.of()
                                        : List.of(
                                                PhaseContext.builder()
                                                        .statusCode(code)
                                                        .message(message)
                                                        .build()))
                        .build());
    }

    private synchronized void complete(StatusType status) {
        phaseStart = builds.time().instant();
        underWay = false;
        build =
                build.toBuilder()
                        .currentPhase(BuildPhaseType.COMPLETED.toString())
                        .buildStatus(status)
                        .buildComplete(true)
                        .endTime(phaseStart)
                        .build();
    }
}
