package io.armrunner.codebuild.setup;

import io.armrunner.codebuild.aws.AwsClients;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import software.amazon.awssdk.services.codebuild.CodeBuildClient;
import software.amazon.awssdk.services.codebuild.model.ArtifactsType;
import software.amazon.awssdk.services.codebuild.model.CacheType;
import software.amazon.awssdk.services.codebuild.model.ComputeType;
import software.amazon.awssdk.services.codebuild.model.ImagePullCredentialsType;
import software.amazon.awssdk.services.codebuild.model.InvalidInputException;
import software.amazon.awssdk.services.codebuild.model.LogsConfig;
import software.amazon.awssdk.services.codebuild.model.LogsConfigStatusType;
import software.amazon.awssdk.services.codebuild.model.Project;
import software.amazon.awssdk.services.codebuild.model.ProjectArtifacts;
import software.amazon.awssdk.services.codebuild.model.ProjectCache;
import software.amazon.awssdk.services.codebuild.model.ProjectEnvironment;
import software.amazon.awssdk.services.codebuild.model.ProjectSource;
import software.amazon.awssdk.services.codebuild.model.SourceType;
import software.amazon.awssdk.services.codebuild.model.StatusType;
import software.amazon.awssdk.services.codebuild.model.Tag;
import software.amazon.awssdk.services.codebuild.model.VpcConfig;

/** The CodeBuild project that all builds of the lane belong to. */
final class ProjectPart implements Part {
    /** A build that nobody ends costs no more than this. */
    static final int TIMEOUT_MINUTES = 60;

    static final int QUEUED_MINUTES = 30;

    // IAM spreads a new role within seconds, at times half a minute.
    private static final Duration SETTLING = Duration.ofSeconds(90);
    private static final Duration PAUSE = Duration.ofSeconds(3);

    private final Installation installation;
    private final CodeBuildClient codeBuild;
    private final Duration pause;

    ProjectPart(Installation installation, AwsClients clients) {
        this(installation, clients, PAUSE);
    }

    ProjectPart(Installation installation, AwsClients clients, Duration pause) {
        this.installation = installation;
        this.codeBuild = clients.codeBuild();
        this.pause = pause;
    }

    @Override
    public String title() {
        return "project " + installation.project();
    }

    private Optional<Project> found() {
        return codeBuild.batchGetProjects(r -> r.names(installation.project())).projects().stream()
                .findFirst();
    }

    @Override
    public Presence presence() throws SetupException {
        Optional<Project> project = found();
        if (project.isEmpty()) {
            return Presence.ABSENT;
        }
        return project.get().tags().contains(tag()) ? Presence.OURS : Presence.FOREIGN;
    }

    private Tag tag() {
        return Tag.builder().key(Installation.TAG).value(installation.name()).build();
    }

    /** The newest builds that have not ended; none is older than a build can live. */
    List<String> running() {
        if (found().isEmpty()) {
            return List.of();
        }
        List<String> ids =
                codeBuild.listBuildsForProject(r -> r.projectName(installation.project())).ids();
        return ids.isEmpty()
                ? List.of()
                : codeBuild.batchGetBuilds(r -> r.ids(ids)).builds().stream()
                        .filter(build -> build.buildStatus() == StatusType.IN_PROGRESS)
                        .map(build -> build.id())
                        .toList();
    }

    private ProjectSource source() {
        return ProjectSource.builder()
                .type(SourceType.NO_SOURCE)
                .buildspec(Documents.BUILDSPEC)
                .build();
    }

    private ProjectEnvironment environment() {
        return ProjectEnvironment.builder()
                .type(installation.size().armEnvironment())
                .image(installation.image())
                .computeType(ComputeType.fromValue(installation.size().computeType()))
                .imagePullCredentialsType(ImagePullCredentialsType.CODEBUILD)
                .privilegedMode(false)
                .build();
    }

    private LogsConfig logs() {
        return LogsConfig.builder()
                .cloudWatchLogs(l ->
                        l.status(LogsConfigStatusType.ENABLED).groupName(installation.logGroup()))
                .build();
    }

    private Optional<VpcConfig> network() {
        return installation
                .network()
                .map(network ->
                        VpcConfig.builder()
                                .vpcId(network.vpc())
                                .subnets(network.subnets())
                                .securityGroupIds(network.securityGroups())
                                .build());
    }

    private static ProjectArtifacts artifacts() {
        return ProjectArtifacts.builder().type(ArtifactsType.NO_ARTIFACTS).build();
    }

    @Override
    public Change look() throws SetupException {
        Optional<Project> found = found();
        if (found.isEmpty()) {
            return Change.create();
        }
        Parts.mustBeOurs(this, installation);
        Project project = found.get();
        List<String> changes = new ArrayList<>();
        differs(changes, "buildspec", project.source().buildspec(), Documents.BUILDSPEC);
        differs(
                changes,
                "type",
                project.environment().typeAsString(),
                installation.size().armEnvironment());
        differs(changes, "image", project.environment().image(), installation.image());
        differs(
                changes,
                "size",
                project.environment().computeTypeAsString(),
                installation.size().computeType());
        differs(changes, "role", project.serviceRole(), installation.roleArn());
        differs(
                changes,
                "log group",
                Optional.ofNullable(project.logsConfig())
                        .map(LogsConfig::cloudWatchLogs)
                        .map(logs -> logs.groupName()),
                Optional.of(installation.logGroup()));
        differs(
                changes,
                "network",
                Optional.ofNullable(project.vpcConfig()).filter(vpc -> vpc.vpcId() != null),
                network());
        return Change.update(changes);
    }

    private static void differs(List<String> changes, String what, Object is, Object wanted) {
        if (!wanted.equals(is)) {
            changes.add(what);
        }
    }

    @Override
    public void make() throws SetupException, InterruptedException {
        boolean exists = found().isPresent();
        long deadline = System.nanoTime() + SETTLING.toNanos();
        while (true) {
            try {
                if (exists) {
                    update();
                } else {
                    create();
                }
                return;
            } catch (InvalidInputException e) {
                boolean settling =
                        String.valueOf(e.getMessage()).contains("sts:AssumeRole")
                                && System.nanoTime() < deadline;
                if (!settling) {
                    throw e;
                }
                Thread.sleep(pause);
            }
        }
    }

    private void create() {
        codeBuild.createProject(r -> {
            r.name(installation.project())
                    .description("GitLab jobs of armrunner")
                    .source(source())
                    .artifacts(artifacts())
                    .cache(c -> c.type(CacheType.NO_CACHE))
                    .environment(environment())
                    .serviceRole(installation.roleArn())
                    .logsConfig(logs())
                    .autoRetryLimit(0)
                    .tags(tag());
            if (!installation.size().isLambda()) {
                r.timeoutInMinutes(TIMEOUT_MINUTES).queuedTimeoutInMinutes(QUEUED_MINUTES);
            }
            network().ifPresent(r::vpcConfig);
        });
    }

    private void update() {
        boolean hasNetwork =
                found().map(Project::vpcConfig).filter(vpc -> vpc.vpcId() != null).isPresent();
        codeBuild.updateProject(r -> {
            r.name(installation.project())
                    .source(source())
                    .artifacts(artifacts())
                    .cache(ProjectCache.builder().type(CacheType.NO_CACHE).build())
                    .environment(environment())
                    .serviceRole(installation.roleArn())
                    .logsConfig(logs())
                    .autoRetryLimit(0)
                    .tags(tag());
            if (!installation.size().isLambda()) {
                r.timeoutInMinutes(TIMEOUT_MINUTES).queuedTimeoutInMinutes(QUEUED_MINUTES);
            }
            if (hasNetwork || network().isPresent()) {
                // An empty one takes the network away.
                r.vpcConfig(network().orElse(VpcConfig.builder().build()));
            }
        });
    }

    @Override
    public void remove() {
        codeBuild.deleteProject(r -> r.name(installation.project()));
    }
}
