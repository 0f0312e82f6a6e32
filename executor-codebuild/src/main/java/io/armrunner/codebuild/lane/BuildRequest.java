package io.armrunner.codebuild.lane;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.armrunner.codebuild.aws.EcrImage;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import software.amazon.awssdk.services.codebuild.model.ArtifactsType;
import software.amazon.awssdk.services.codebuild.model.CacheType;
import software.amazon.awssdk.services.codebuild.model.EnvironmentVariable;
import software.amazon.awssdk.services.codebuild.model.EnvironmentVariableType;
import software.amazon.awssdk.services.codebuild.model.LogsConfigStatusType;
import software.amazon.awssdk.services.codebuild.model.ProjectSource;
import software.amazon.awssdk.services.codebuild.model.ProjectSourceVersion;
import software.amazon.awssdk.services.codebuild.model.SourceType;
import software.amazon.awssdk.services.codebuild.model.StartBuildRequest;

/**
 * The parameters of a build. Everything here is shown by AWS for a year to whoever may look at
 * builds, so nothing of it is secret: the job itself goes another way. Pure: the same input gives
 * the same request, byte for byte, as a repeated start must.
 */
final class BuildRequest {
    /** The same for every build, and without any of a job's own words. */
    static final String BUILDSPEC =
            """
            version: 0.2
            env:
              shell: /bin/sh
            phases:
              build:
                commands:
                  - sh "$CODEBUILD_SRC_DIR/boot.sh"
            """;

    // What CodeBuild takes.
    private static final int LEAST_MINUTES = 5;
    private static final int MOST_MINUTES = 2160;
    private static final int MOST_QUEUED = 480;

    /** The agent ends the job by its own time-out; CodeBuild's is only a net. */
    private static final Duration NET = Duration.ofMinutes(10);

    private BuildRequest() {}

    /**
     * Which build of which job.
     *
     * @param manager a word for this manager and runner that says nothing of its token
     * @param attempt from 1
     */
    record Identity(String manager, long job, int attempt) {
        /** By this CodeBuild knows a repeated start. */
        String token() {
            return "ar1-" + digest(manager + "\n" + job + "\n" + attempt).substring(0, 48);
        }
    }

    /**
     * Where the agent is.
     *
     * @param location bucket and key
     * @param version of the object, if the bucket keeps versions
     */
    record Agent(String location, Optional<String> version) {}

    /** By this name a build finds the Java that is brought for it. */
    private static final String RUNTIME = "runtime";

    static StartBuildRequest of(
            CodeBuildSettings settings,
            String region,
            BuildChoice choice,
            Identity identity,
            Agent agent,
            Optional<Agent> runtime) {
        StartBuildRequest.Builder request =
                StartBuildRequest.builder()
                        .projectName(settings.project())
                        .idempotencyToken(identity.token())
                        .sourceTypeOverride(SourceType.S3)
                        .sourceLocationOverride(agent.location())
                        .artifactsOverride(artifacts -> artifacts.type(ArtifactsType.NO_ARTIFACTS))
                        .environmentTypeOverride(settings.machine().environmentType(choice.size()))
                        .computeTypeOverride(choice.size().computeType())
                        .imageOverride(choice.image())
                        .imagePullCredentialsTypeOverride(EcrImage.credentials(choice.image()))
                        .autoRetryLimitOverride(0)
                        .logsConfigOverride(logs ->
                                logs.cloudWatchLogs(watch ->
                                        watch.status(LogsConfigStatusType.ENABLED)
                                                .groupName(settings.logGroup())))
                        .environmentVariablesOverride(environment(settings, region, identity))
                        .buildspecOverride(BUILDSPEC);
        if (!choice.size().isLambda()) {
            limit(request, settings, choice);
        }
        agent.version().ifPresent(request::sourceVersion);
        runtime.ifPresent(java -> bring(request, java));
        settings.serviceRole().ifPresent(request::serviceRoleOverride);
        return request.build();
    }

    /** What Lambda compute does not have, so that AWS refuses to hear of it there. */
    private static void limit(
            StartBuildRequest.Builder request, CodeBuildSettings settings, BuildChoice choice) {
        request.cacheOverride(cache -> cache.type(CacheType.NO_CACHE))
                .privilegedModeOverride(false)
                .timeoutInMinutesOverride(minutes(choice.timeout().plus(NET)))
                .queuedTimeoutInMinutesOverride(
                        Math.clamp(ceil(settings.queueLimit()), LEAST_MINUTES, MOST_QUEUED));
    }

    private static void bring(StartBuildRequest.Builder request, Agent java) {
        request.secondarySourcesOverride(
                ProjectSource.builder()
                        .type(SourceType.S3)
                        .location(java.location())
                        .sourceIdentifier(RUNTIME)
                        .build());
        java.version()
                .ifPresent(version ->
                        request.secondarySourcesVersionOverride(
                                ProjectSourceVersion.builder()
                                        .sourceIdentifier(RUNTIME)
                                        .sourceVersion(version)
                                        .build()));
    }

    private static List<EnvironmentVariable> environment(
            CodeBuildSettings settings, String region, Identity identity) {
        List<EnvironmentVariable> variables = new ArrayList<>();
        variables.add(plain("ARMRUNNER_MANAGER", identity.manager()));
        variables.add(plain("ARMRUNNER_JOB", Long.toString(identity.job())));
        variables.add(plain("ARMRUNNER_ATTEMPT", Integer.toString(identity.attempt())));
        variables.add(plain("ARMRUNNER_BUCKET", settings.bucketIn(region)));
        settings.kmsKey().ifPresent(key -> variables.add(plain("ARMRUNNER_KMS_KEY", key)));
        settings.endpoint()
                .ifPresent(
                        address -> variables.add(plain("ARMRUNNER_ENDPOINT", address.toString())));
        return variables;
    }

    private static EnvironmentVariable plain(String name, String value) {
        return EnvironmentVariable.builder()
                .name(name)
                .value(value)
                .type(EnvironmentVariableType.PLAINTEXT)
                .build();
    }

    private static int minutes(Duration time) {
        return Math.clamp(ceil(time), LEAST_MINUTES, MOST_MINUTES);
    }

    private static int ceil(Duration time) {
        return (int) Math.min(Integer.MAX_VALUE, (time.toSeconds() + 59) / 60);
    }

    static String digest(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
