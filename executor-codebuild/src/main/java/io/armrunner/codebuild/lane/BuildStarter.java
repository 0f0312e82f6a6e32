package io.armrunner.codebuild.lane;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.AwsFailure;
import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.lane.RemoteJob;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.trace.Ticker;
import io.armrunner.variables.GoDuration;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.codebuild.model.AccountLimitExceededException;
import software.amazon.awssdk.services.codebuild.model.Build;
import software.amazon.awssdk.services.codebuild.model.EnvironmentVariable;
import software.amazon.awssdk.services.codebuild.model.StartBuildRequest;
import software.amazon.awssdk.services.codebuild.model.StartBuildResponse;

/**
 * Starts a build in one region: exactly one, whatever answer gets lost. One for a lane and region;
 * {@link #start} is called on the job's thread and may wait there for a free machine.
 */
final class BuildStarter {
    private static final Logger LOG = LoggerFactory.getLogger(BuildStarter.class);

    /** A build of ours may have begun a little before our clock says so. */
    private static final Duration SKEW = Duration.ofMinutes(12);

    /** Builds that are looked through for one of ours, newest first. */
    private static final int MOST_PAGES = 10;

    private static final int BURST = 5;

    private final AwsClients clients;
    private final CodeBuildSettings settings;
    private final String region;
    private final BuildQuota quota;
    private final BuildWatcher watcher;
    private final Pace pace;
    private final Tools tools;

    /** What all starters of a lane share. */
    record Tools(LaneTimes times, InstantSource clock, Ticker ticker, RandomGenerator random) {}

    BuildStarter(
            AwsClients clients,
            CodeBuildSettings settings,
            String region,
            BuildQuota quota,
            BuildWatcher watcher,
            Tools tools) {
        this.clients = clients;
        this.settings = settings;
        this.region = region;
        this.quota = quota;
        this.watcher = watcher;
        this.tools = tools;
        pace = new Pace(tools.times().starts(), BURST, tools.ticker());
    }

    /** What came of a start. */
    sealed interface Start {
        /** There is a build. */
        record Begun(String arn) implements Start {}

        /** Nobody knows what became of it, and there is no build: another attempt is due. */
        record Nothing() implements Start {}

        /** There is none in time, or never; {@code why} is for the user. */
        record NoRoom(JobFailure why) implements Start {}

        /** The job is to stop. */
        record Stopped() implements Start {}
    }

    /** One answer to one call. */
    private sealed interface Answer {
        record Begun(String arn) implements Answer {}

        record Full(String message) implements Answer {}

        record TooFast() implements Answer {}

        record NotNow(String why) implements Answer {}

        record Unclear(String why) implements Answer {}
    }

    /**
     * Starts a build.
     *
     * @param patience how long room is waited for
     * @throws JobFailure if AWS clearly refuses
     */
    Start start(
            StartBuildRequest request,
            BuildRequest.Identity identity,
            RemoteJob job,
            Duration patience)
            throws JobFailure, InterruptedException {
        Instant begun = tools.clock().instant();
        Duration end = tools.ticker().now().plus(patience);
        Duration pause = tools.times().firstRetry();
        Optional<Duration> unclearSince = Optional.empty();
        boolean told = false;
        while (true) {
            job.pause(pace.turn());
            // Once a start may have been heard it is seen through: a build that nobody waits for
            // would be left.
            if (unclearSince.isEmpty() && job.stop() != RemoteJob.Stop.NONE) {
                return new Start.Stopped();
            }
            String waiting;
            switch (call(request)) {
                case Answer.Begun(String arn) -> {
                    return new Start.Begun(arn);
                }
                case Answer.Full(String message) -> {
                    if (message.contains("more than 0 builds") && !isOnlyFull()) {
                        return new Start.NoRoom(noQuota(request));
                    }
                    quota.refused(watcher.size());
                    LOG.warn(
                            "builds_full region={} project={} limit={} message=\"{}\"",
                            region,
                            settings.project(),
                            quota.limit(),
                            message);
                    waiting = "CodeBuild takes no more builds for now: " + message;
                }
                case Answer.TooFast _ -> {
                    pace.slower();
                    waiting = "";
                }
                case Answer.NotNow(String why) -> waiting = why;
                case Answer.Unclear(String why) -> {
                    LOG.warn(
                            "build_unclear job={} region={} error=\"{}\"",
                            identity.job(),
                            region,
                            why);
                    waiting = "";
                    Duration now = tools.ticker().now();
                    if (unclearSince.isEmpty()) {
                        unclearSince = Optional.of(now);
                    } else if (now.minus(unclearSince.get()).compareTo(tools.times().ambiguity())
                            > 0) {
                        return adopt(identity, begun);
                    }
                }
            }
            if (!waiting.isEmpty() && !told) {
                job.say("  " + waiting + "; trying again");
                told = true;
            }
            if (unclearSince.isEmpty() && tools.ticker().now().compareTo(end) > 0) {
                return new Start.NoRoom(noRoom(waiting, patience));
            }
            job.pause(jittered(pause));
            pause = pause.multipliedBy(2);
            pause =
                    pause.compareTo(tools.times().longestRetry()) > 0
                            ? tools.times().longestRetry()
                            : pause;
        }
    }

    /**
     * Nothing queues on Lambda compute, so that 0 is also what AWS may say when all that the
     * account is granted is in use.
     */
    private boolean isOnlyFull() {
        return settings.isLambda() && (quota.hasGrant() || watcher.size() > 0);
    }

    private Duration jittered(Duration pause) {
        return pause.multipliedBy(500 + tools.random().nextInt(500)).dividedBy(1000);
    }

    private Answer call(StartBuildRequest request) throws JobFailure, InterruptedException {
        try {
            StartBuildResponse response = clients.codeBuildOnce().startBuild(request);
            Build build = response.build();
            return build == null || build.arn() == null
                    ? new Answer.Unclear("an answer without a build")
                    : new Answer.Begun(build.arn());
        } catch (AccountLimitExceededException e) {
            return new Answer.Full(message(e));
        } catch (AwsServiceException e) {
            if (e.isThrottlingException()) {
                return new Answer.TooFast();
            }
            if (e.statusCode() >= 500) {
                return new Answer.Unclear(message(e));
            }
            if (isCredentials(e)) {
                return new Answer.NotNow("AWS does not take the runner's credentials for now");
            }
            throw new JobFailure(
                    FailureReason.RUNNER_SYSTEM_FAILURE,
                    AwsFailure.describe("start CodeBuild project " + settings.project(), region, e),
                    e);
        } catch (AbortedException e) {
            InterruptedException interrupted = new InterruptedException(e.getMessage());
            interrupted.initCause(e);
            throw interrupted;
        } catch (SdkException e) {
            return new Answer.Unclear(String.valueOf(e.getMessage()));
        }
    }

    static boolean isCredentials(AwsServiceException e) {
        String code = e.awsErrorDetails() == null ? "" : e.awsErrorDetails().errorCode();
        return switch (code == null ? "" : code) {
            case "ExpiredTokenException",
                    "ExpiredToken",
                    "UnrecognizedClientException",
                    "InvalidSignatureException",
                    "RequestExpired" ->
                    true;
            default -> false;
        };
    }

    static String message(AwsServiceException e) {
        return e.awsErrorDetails() == null || e.awsErrorDetails().errorMessage() == null
                ? "status " + e.statusCode()
                : e.awsErrorDetails().errorCode() + ": " + e.awsErrorDetails().errorMessage();
    }

    private JobFailure noQuota(StartBuildRequest request) {
        Optional<BuildSize> size = BuildSize.ofComputeType(request.computeTypeOverrideAsString());
        boolean arm = settings.machine() == CodeBuildSettings.Machine.ARM64;
        return new JobFailure(
                FailureReason.RUNNER_CONFIGURATION_ERROR,
                "the AWS account may run no build of size %s (%s) in %s: raise the quota %s of CodeBuild in Service Quotas"
                        .formatted(
                                request.computeTypeOverrideAsString(),
                                settings.machine().word().toLowerCase(Locale.ROOT),
                                region,
                                size.map(each -> each.quota(arm)).orElse("of this size")));
    }

    private JobFailure noRoom(String why, Duration patience) {
        return new JobFailure(
                FailureReason.RUNNER_SYSTEM_FAILURE,
                "CodeBuild project %s in %s had no room within %s: %s"
                        .formatted(
                                settings.project(),
                                region,
                                GoDuration.format(patience),
                                why.isEmpty() ? "it asked to call less often" : why));
    }

    /** Looks for the build of an attempt whose start was never answered clearly. */
    private Start adopt(BuildRequest.Identity identity, Instant begun) throws InterruptedException {
        try {
            List<Build> live = live(identity, begun.minus(SKEW));
            if (live.isEmpty()) {
                return new Start.Nothing();
            }
            // Newest first. A second one finds no job and would end by itself; this is sooner.
            for (Build extra : live.subList(1, live.size())) {
                LOG.warn("build_duplicate job={} build={}", identity.job(), extra.arn());
                clients.codeBuild().stopBuild(stop -> stop.id(extra.id()));
            }
            LOG.info("build_adopted job={} build={}", identity.job(), live.getFirst().arn());
            return new Start.Begun(live.getFirst().arn());
        } catch (AbortedException e) {
            InterruptedException interrupted = new InterruptedException(e.getMessage());
            interrupted.initCause(e);
            throw interrupted;
        } catch (SdkException e) {
            LOG.warn("builds_unlisted region={} error=\"{}\"", region, e.getMessage());
            return new Start.Nothing();
        }
    }

    private List<Build> live(BuildRequest.Identity identity, Instant earliest) {
        List<Build> found = new ArrayList<>();
        String token = null;
        for (int page = 0; page < MOST_PAGES; page++) {
            String from = token;
            var listed =
                    clients.codeBuild()
                            .listBuildsForProject(
                                    list -> list.projectName(settings.project()).nextToken(from));
            if (listed.ids().isEmpty()) {
                return found;
            }
            boolean old = false;
            for (Build build :
                    clients.codeBuild().batchGetBuilds(get -> get.ids(listed.ids())).builds()) {
                old |= build.startTime() != null && build.startTime().isBefore(earliest);
                if (isOf(build, identity) && !BuildView.of(build).isOver()) {
                    found.add(build);
                }
            }
            token = listed.nextToken();
            if (old || token == null) {
                return found;
            }
        }
        return found;
    }

    /** By all of its markers, each whole. */
    static boolean isOf(Build build, BuildRequest.Identity identity) {
        return identity.manager().equals(marker(build, "ARMRUNNER_MANAGER"))
                && Long.toString(identity.job()).equals(marker(build, "ARMRUNNER_JOB"))
                && Integer.toString(identity.attempt()).equals(marker(build, "ARMRUNNER_ATTEMPT"));
    }

    /** A marker of a build; empty if it has none. */
    static String marker(Build build, String name) {
        if (build.environment() == null) {
            return "";
        }
        return build.environment().environmentVariables().stream()
                .filter(variable -> variable.name().equals(name))
                .map(EnvironmentVariable::value)
                .findFirst()
                .orElse("");
    }
}
