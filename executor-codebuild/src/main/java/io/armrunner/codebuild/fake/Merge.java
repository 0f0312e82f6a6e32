package io.armrunner.codebuild.fake;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.codebuild.model.Build;
import software.amazon.awssdk.services.codebuild.model.BuildPhaseType;
import software.amazon.awssdk.services.codebuild.model.EnvironmentVariable;
import software.amazon.awssdk.services.codebuild.model.ImagePullCredentialsType;
import software.amazon.awssdk.services.codebuild.model.LogsConfig;
import software.amazon.awssdk.services.codebuild.model.LogsLocation;
import software.amazon.awssdk.services.codebuild.model.Project;
import software.amazon.awssdk.services.codebuild.model.ProjectEnvironment;
import software.amazon.awssdk.services.codebuild.model.ProjectSource;
import software.amazon.awssdk.services.codebuild.model.SourceType;
import software.amazon.awssdk.services.codebuild.model.StartBuildRequest;
import software.amazon.awssdk.services.codebuild.model.StatusType;

/** A build from its project and what the request overrides, with the limits that apply. */
final class Merge {
    private static final int MAX_VALUE = 4096;
    private static final int MAX_SECONDARY = 12;
    private static final int MAX_BUILDSPEC = 25_600;

    private final Project project;
    private final StartBuildRequest request;
    private final FakeRegion place;

    Merge(Project project, StartBuildRequest request, FakeRegion place) {
        this.project = project;
        this.request = request;
        this.place = place;
    }

    /** The build, yet without a name and a number. */
    Build build() throws ServiceError {
        FakeProjects.range("timeoutInMinutesOverride", request.timeoutInMinutesOverride(), 5, 2160);
        FakeProjects.range(
                "queuedTimeoutInMinutesOverride", request.queuedTimeoutInMinutesOverride(), 5, 480);
        ProjectEnvironment environment = environment();
        LambdaCompute.check(environment, request);
        LambdaCompute.check(
                environment, or(request.cacheOverride(), project.cache()), project.vpcConfig());
        boolean lambda = LambdaCompute.isUsed(environment);
        return Build.builder()
                .projectName(project.name())
                .currentPhase(BuildPhaseType.SUBMITTED.toString())
                .buildStatus(StatusType.IN_PROGRESS)
                .buildComplete(false)
                .sourceVersion(request.sourceVersion())
                .source(source())
                .secondarySources(secondary())
                .secondarySourceVersions(request.secondarySourcesVersionOverride())
                .environment(environment)
                .serviceRole(or(request.serviceRoleOverride(), project.serviceRole()))
                .timeoutInMinutes(
                        lambda
                                ? (int) LambdaCompute.LIMIT.toMinutes()
                                : or(
                                        or(
                                                request.timeoutInMinutesOverride(),
                                                project.timeoutInMinutes()),
                                        60))
                .queuedTimeoutInMinutes(
                        lambda
                                ? null
                                : or(
                                        or(
                                                request.queuedTimeoutInMinutesOverride(),
                                                project.queuedTimeoutInMinutes()),
                                        480))
                .encryptionKey(project.encryptionKey())
                .vpcConfig(project.vpcConfig())
                .logs(logs(or(request.logsConfigOverride(), project.logsConfig())))
                .build();
    }

    /** The same once more, as RetryBuild does it. */
    static Build fresh(Build old) {
        return old.toBuilder()
                .currentPhase(BuildPhaseType.SUBMITTED.toString())
                .buildStatus(StatusType.IN_PROGRESS)
                .buildComplete(false)
                .endTime(null)
                .logs(old.logs().toBuilder().streamName(null).groupName(null).build())
                .build();
    }

    private ProjectSource source() throws ServiceError {
        SourceType type = or(request.sourceTypeOverride(), project.source().type());
        String location = or(request.sourceLocationOverride(), project.source().location());
        String buildspec = or(request.buildspecOverride(), project.source().buildspec());
        if (buildspec == null) {
            throw ServiceError.invalidInput("Invalid buildspec: there is none");
        }
        if (buildspec.length() > MAX_BUILDSPEC) {
            throw ServiceError.invalidInput(
                    "Invalid buildspec: exceeds %d characters".formatted(MAX_BUILDSPEC));
        }
        if (type == SourceType.S3 && (location == null || location.indexOf('/') < 1)) {
            throw ServiceError.invalidInput("Invalid location: bucket/key is expected");
        }
        return ProjectSource.builder().type(type).location(location).buildspec(buildspec).build();
    }

    private List<ProjectSource> secondary() throws ServiceError {
        List<ProjectSource> all = request.secondarySourcesOverride();
        if (all.size() > MAX_SECONDARY) {
            throw ServiceError.invalidInput("At most 12 secondary sources are allowed");
        }
        for (ProjectSource each : all) {
            String name = each.sourceIdentifier();
            if (name == null || !name.chars().allMatch(Merge::isOfName)) {
                throw ServiceError.invalidInput("Invalid source identifier: " + name);
            }
            if (each.type() == SourceType.S3
                    && (each.location() == null || each.location().indexOf('/') < 1)) {
                throw ServiceError.invalidInput("Invalid location: bucket/key is expected");
            }
        }
        return all;
    }

    private static boolean isOfName(int letter) {
        return letter == '_' || (letter < 128 && Character.isLetterOrDigit(letter));
    }

    private ProjectEnvironment environment() throws ServiceError {
        ProjectEnvironment base = project.environment();
        Map<String, EnvironmentVariable> variables = new LinkedHashMap<>();
        base.environmentVariables().forEach(each -> variables.put(each.name(), each));
        for (EnvironmentVariable each : request.environmentVariablesOverride()) {
            if (each.value().length() > MAX_VALUE) {
                throw ServiceError.invalidInput(
                        "EnvironmentVariable should be at most 4096 characters");
            }
            if (each.name().startsWith("CODEBUILD_")) {
                throw ServiceError.invalidInput(
                        "Environment variable names must not start with CODEBUILD_");
            }
            variables.put(each.name(), each);
        }
        String image = or(request.imageOverride(), base.image());
        ImagePullCredentialsType pull =
                or(
                        request.imagePullCredentialsTypeOverride(),
                        or(base.imagePullCredentialsType(), ImagePullCredentialsType.CODEBUILD));
        if (image.startsWith("aws/codebuild/") && pull != ImagePullCredentialsType.CODEBUILD) {
            throw ServiceError.invalidInput(
                    "Curated images need the image pull credentials type CODEBUILD");
        }
        return base.toBuilder()
                .type(or(request.environmentTypeOverride(), base.type()))
                .image(image)
                .computeType(or(request.computeTypeOverride(), base.computeType()))
                .privilegedMode(
                        or(
                                request.privilegedModeOverride(),
                                or(base.privilegedMode(), Boolean.FALSE)))
                .imagePullCredentialsType(pull)
                .certificate(or(request.certificateOverride(), base.certificate()))
                .registryCredential(
                        or(request.registryCredentialOverride(), base.registryCredential()))
                .environmentVariables(List.copyOf(new ArrayList<>(variables.values())))
                .build();
    }

    /** Before there is a container its names are not known, and the addresses say so. */
    private LogsLocation logs(@Nullable LogsConfig config) {
        LogsLocation.Builder logs =
                LogsLocation.builder()
                        .cloudWatchLogsArn(
                                "arn:aws:logs:%s:%s:log-group:null:log-stream:null"
                                        .formatted(place.name(), place.aws().account()))
                        .deepLink(
                                "https://console.aws.amazon.com/cloudwatch/home?region=%s#logsV2:log-groups/log-group/null/log-events/null"
                                        .formatted(place.name()));
        if (config != null && config.cloudWatchLogs() != null) {
            logs.cloudWatchLogs(config.cloudWatchLogs());
        }
        return logs.build();
    }

    private static <T extends @Nullable Object> T or(@Nullable T first, T second) {
        return first == null ? second : first;
    }
}
