package io.armrunner.codebuild.fake;

import io.armrunner.codebuild.aws.ArmRegions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.codebuild.model.BatchGetProjectsRequest;
import software.amazon.awssdk.services.codebuild.model.BatchGetProjectsResponse;
import software.amazon.awssdk.services.codebuild.model.CreateProjectRequest;
import software.amazon.awssdk.services.codebuild.model.EnvironmentType;
import software.amazon.awssdk.services.codebuild.model.Project;
import software.amazon.awssdk.services.codebuild.model.ProjectEnvironment;
import software.amazon.awssdk.services.codebuild.model.SourceType;
import software.amazon.awssdk.services.codebuild.model.UpdateProjectRequest;

/** The projects of a region. Used under the lock of {@link FakeBuilds}. */
final class FakeProjects {
    private final String region;
    private final String account;
    private final FakeRoles roles;
    private final AwsTime time;
    private final Map<String, Project> projects = new LinkedHashMap<>();

    FakeProjects(String region, String account, FakeRoles roles, AwsTime time) {
        this.region = region;
        this.account = account;
        this.roles = roles;
        this.time = time;
    }

    String arn(String name) {
        return "arn:aws:codebuild:%s:%s:project/%s".formatted(region, account, name);
    }

    Project known(String name) throws ServiceError {
        return Optional.ofNullable(projects.get(name))
                .orElseThrow(() -> ServiceError.notFound("Project cannot be found: " + arn(name)));
    }

    List<String> names() {
        return List.copyOf(projects.keySet());
    }

    Project create(CreateProjectRequest r) throws ServiceError {
        if (projects.containsKey(r.name())) {
            throw new ServiceError(
                    400,
                    "ResourceAlreadyExistsException",
                    "Project already exists: " + arn(r.name()));
        }
        LambdaCompute.check(r.environment(), r.timeoutInMinutes(), r.queuedTimeoutInMinutes());
        if (!r.name().matches("[A-Za-z0-9][A-Za-z0-9\\-_]{1,149}")) {
            throw ServiceError.invalidInput("Invalid project name: " + r.name());
        }
        Project.Builder project =
                Project.builder()
                        .name(r.name())
                        .arn(arn(r.name()))
                        .description(r.description())
                        .source(r.source())
                        .artifacts(r.artifacts())
                        .cache(r.cache())
                        .environment(r.environment())
                        .serviceRole(r.serviceRole())
                        .timeoutInMinutes(timeout(r.environment(), r.timeoutInMinutes(), 60))
                        .queuedTimeoutInMinutes(
                                timeout(r.environment(), r.queuedTimeoutInMinutes(), 480))
                        .encryptionKey(
                                r.encryptionKey() == null ? "alias/aws/s3" : r.encryptionKey())
                        .tags(r.tags())
                        .vpcConfig(r.vpcConfig())
                        .logsConfig(r.logsConfig())
                        .concurrentBuildLimit(r.concurrentBuildLimit())
                        .autoRetryLimit(r.autoRetryLimit())
                        .created(time.instant())
                        .lastModified(time.instant());
        return keep(project.build());
    }

    Project update(UpdateProjectRequest r) throws ServiceError {
        Project before = known(r.name());
        ProjectEnvironment environment = or(r.environment(), before.environment());
        LambdaCompute.check(environment, r.timeoutInMinutes(), r.queuedTimeoutInMinutes());
        Project.Builder project =
                before.toBuilder()
                        .lastModified(time.instant())
                        .timeoutInMinutes(timeout(environment, before.timeoutInMinutes(), 60))
                        .queuedTimeoutInMinutes(
                                timeout(environment, before.queuedTimeoutInMinutes(), 480));
        Optional.ofNullable(r.description()).ifPresent(project::description);
        Optional.ofNullable(r.source()).ifPresent(project::source);
        Optional.ofNullable(r.artifacts()).ifPresent(project::artifacts);
        Optional.ofNullable(r.cache()).ifPresent(project::cache);
        Optional.ofNullable(r.environment()).ifPresent(project::environment);
        Optional.ofNullable(r.serviceRole()).ifPresent(project::serviceRole);
        Optional.ofNullable(r.timeoutInMinutes()).ifPresent(project::timeoutInMinutes);
        Optional.ofNullable(r.queuedTimeoutInMinutes()).ifPresent(project::queuedTimeoutInMinutes);
        Optional.ofNullable(r.encryptionKey()).ifPresent(project::encryptionKey);
        Optional.ofNullable(r.logsConfig()).ifPresent(project::logsConfig);
        Optional.ofNullable(r.vpcConfig()).ifPresent(project::vpcConfig);
        Optional.ofNullable(r.autoRetryLimit()).ifPresent(project::autoRetryLimit);
        if (r.hasTags()) {
            project.tags(r.tags());
        }
        return keep(project.build());
    }

    /** Lambda compute has no time-outs; what has them gets a usual one. */
    private static @Nullable Integer timeout(
            ProjectEnvironment environment, @Nullable Integer said, int usual) {
        return LambdaCompute.isUsed(environment) ? null : or(said, usual);
    }

    private Project keep(Project project) throws ServiceError {
        check(project);
        projects.put(project.name(), project);
        return project;
    }

    void delete(String name) {
        projects.remove(name); // the real one does not mind a name that it does not know
    }

    BatchGetProjectsResponse get(BatchGetProjectsRequest r) throws ServiceError {
        if (r.names().isEmpty() || r.names().size() > 100) {
            throw ServiceError.invalidInput("Invalid number of names: 1 to 100");
        }
        return BatchGetProjectsResponse.builder()
                .projects(
                        r.names().stream()
                                .filter(projects::containsKey)
                                .map(projects::get)
                                .toList())
                .projectsNotFound(
                        r.names().stream().filter(name -> !projects.containsKey(name)).toList())
                .build();
    }

    private void check(Project project) throws ServiceError {
        range("timeoutInMinutes", project.timeoutInMinutes(), 5, 2160);
        range("queuedTimeoutInMinutes", project.queuedTimeoutInMinutes(), 5, 480);
        if (project.source().type() == SourceType.NO_SOURCE
                && project.source().buildspec() == null) {
            throw ServiceError.invalidInput(
                    "Invalid project source: when source type is NO_SOURCE, the buildspec must be specified");
        }
        checkEnvironment(project.environment(), region);
        LambdaCompute.check(project.environment(), project.cache(), project.vpcConfig());
        if (project.vpcConfig() != null
                && (project.vpcConfig().subnets().size() > 16
                        || project.vpcConfig().securityGroupIds().size() > 5)) {
            throw ServiceError.invalidInput(
                    "Invalid vpc config: at most 16 subnets and 5 security groups");
        }
        Map<String, List<String>> context =
                Map.of(
                        "aws:SourceArn", List.of(project.arn()),
                        "aws:SourceAccount", List.of(account));
        if (!roles.mayAssume(project.serviceRole(), "codebuild.amazonaws.com", context)) {
            throw ServiceError.invalidInput(
                    "CodeBuild is not authorized to perform: sts:AssumeRole on "
                            + project.serviceRole());
        }
    }

    static void checkEnvironment(ProjectEnvironment environment, String region)
            throws ServiceError {
        LambdaCompute.check(environment, region);
        if (environment.type() == EnvironmentType.ARM_CONTAINER && !ArmRegions.has(region)) {
            throw ServiceError.invalidInput(
                    "The environment type ARM_CONTAINER is not supported in region " + region);
        }
    }

    static void range(String member, @Nullable Integer value, int low, int high)
            throws ServiceError {
        if (value != null && (value < low || value > high)) {
            throw ServiceError.invalidInput(
                    "Invalid %s: %d is not between %d and %d".formatted(member, value, low, high));
        }
    }

    static <T> T or(@Nullable T value, T other) {
        return value == null ? other : value;
    }
}
