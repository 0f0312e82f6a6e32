package io.armrunner.codebuild.fake;

import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.aws.EcrImage;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.services.codebuild.model.BatchDeleteBuildsRequest;
import software.amazon.awssdk.services.codebuild.model.BatchDeleteBuildsResponse;
import software.amazon.awssdk.services.codebuild.model.BatchGetBuildsRequest;
import software.amazon.awssdk.services.codebuild.model.BatchGetBuildsResponse;
import software.amazon.awssdk.services.codebuild.model.BatchGetProjectsRequest;
import software.amazon.awssdk.services.codebuild.model.Build;
import software.amazon.awssdk.services.codebuild.model.CreateProjectRequest;
import software.amazon.awssdk.services.codebuild.model.CreateProjectResponse;
import software.amazon.awssdk.services.codebuild.model.DeleteProjectRequest;
import software.amazon.awssdk.services.codebuild.model.DeleteProjectResponse;
import software.amazon.awssdk.services.codebuild.model.EnvironmentVariable;
import software.amazon.awssdk.services.codebuild.model.ImagePullCredentialsType;
import software.amazon.awssdk.services.codebuild.model.ListBuildsForProjectRequest;
import software.amazon.awssdk.services.codebuild.model.ListBuildsForProjectResponse;
import software.amazon.awssdk.services.codebuild.model.ListProjectsRequest;
import software.amazon.awssdk.services.codebuild.model.ListProjectsResponse;
import software.amazon.awssdk.services.codebuild.model.Project;
import software.amazon.awssdk.services.codebuild.model.ProjectEnvironment;
import software.amazon.awssdk.services.codebuild.model.ProjectSource;
import software.amazon.awssdk.services.codebuild.model.RetryBuildRequest;
import software.amazon.awssdk.services.codebuild.model.RetryBuildResponse;
import software.amazon.awssdk.services.codebuild.model.SourceType;
import software.amazon.awssdk.services.codebuild.model.StartBuildRequest;
import software.amazon.awssdk.services.codebuild.model.StartBuildResponse;
import software.amazon.awssdk.services.codebuild.model.StopBuildRequest;
import software.amazon.awssdk.services.codebuild.model.StopBuildResponse;
import software.amazon.awssdk.services.codebuild.model.UpdateProjectRequest;
import software.amazon.awssdk.services.codebuild.model.UpdateProjectResponse;

/**
 * CodeBuild in one region. What a test may turn: the faults of the builds to come, and how late
 * news of a build spreads. Thread-safe.
 */
public final class FakeBuilds implements Service {
    private static final int PAGE = 100;
    private static final Duration TOKEN_LIFE = Duration.ofMinutes(5);
    private static final Duration STOPPING = Duration.ofSeconds(1);

    private record Started(StartBuildRequest request, String id, Instant when) {}

    private final FakeRegion place;
    private final FakeProjects projects;
    private final Slots slots;
    private final BuildTimes times;
    // The newest last.
    private final Map<String, BuildRun> builds = new LinkedHashMap<>();
    private final Map<String, Long> numbers = new HashMap<>();
    private final Map<String, Started> tokens = new HashMap<>();
    private final Deque<BuildFault> faults = new ArrayDeque<>();
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private Duration visibleAfter = Duration.ZERO;
    private boolean shuffled;

    FakeBuilds(FakeRegion place) {
        this.place = place;
        this.projects =
                new FakeProjects(
                        place.name(), place.aws().account(), place.aws().roles(), place.time());
        this.times = new BuildTimes(place.aws().names());
        this.slots = new Slots(this::limit, place.aws().names());
    }

    private int limit(String kind) {
        return Arrays.stream(BuildSize.values())
                .filter(size -> kind.equals(size.armEnvironment() + "/" + size.computeType()))
                .findAny()
                .map(place.quotas()::limit)
                .orElse(1);
    }

    /** The next build to start goes wrong like that, the one after it like the next, and so on. */
    public synchronized void nextBuilds(BuildFault... next) {
        faults.addAll(List.of(next));
    }

    /** For how long a new build is neither found nor listed; some seconds happen. */
    public synchronized void visibleAfter(Duration duration) {
        visibleAfter = duration;
    }

    /** Every container machine takes so long to come up from now on. */
    public void provisioningTakes(Duration duration) {
        times.provisioning(duration);
    }

    /** Answers for several builds in any order, and some of them twice: no order is promised. */
    public synchronized void shuffled() {
        shuffled = true;
    }

    /** All builds as they are, the oldest first. */
    public synchronized List<Build> builds() {
        return builds.values().stream().map(BuildRun::now).toList();
    }

    /** How many minutes AWS would charge for what has ended: each begun one counts. */
    public long billedMinutes() {
        return builds().stream()
                .filter(build -> build.endTime() != null)
                .mapToLong(build ->
                        Math.ceilDiv(
                                Duration.between(build.startTime(), build.endTime()).toMillis(),
                                60_000L))
                .sum();
    }

    @Override
    public String packageName() {
        return "software.amazon.awssdk.services.codebuild";
    }

    @Override
    public String prefix() {
        return "codebuild";
    }

    /** Builds are no resources of their own: their project is. */
    @Override
    public List<String> resources(SdkPojo request) {
        return switch (request) {
            case StartBuildRequest r -> List.of(projects.arn(r.projectName()));
            case ListBuildsForProjectRequest r -> List.of(projects.arn(r.projectName()));
            case CreateProjectRequest r -> List.of(projects.arn(r.name()));
            case UpdateProjectRequest r -> List.of(projects.arn(r.name()));
            case DeleteProjectRequest r -> List.of(projects.arn(r.name()));
            case BatchGetProjectsRequest r -> r.names().stream().map(projects::arn).toList();
            case BatchGetBuildsRequest r -> ofBuilds(r.ids());
            case BatchDeleteBuildsRequest r -> ofBuilds(r.ids());
            case StopBuildRequest r -> ofBuilds(List.of(r.id()));
            case RetryBuildRequest r -> ofBuilds(List.of(String.valueOf(r.id())));
            default -> List.of("*");
        };
    }

    private List<String> ofBuilds(List<String> ids) {
        return ids.stream()
                .map(FakeBuilds::bare)
                .map(id -> projects.arn(id.substring(0, Math.max(0, id.indexOf(':')))))
                .distinct()
                .toList();
    }

    @Override
    public Map<String, List<String>> context(SdkPojo request) {
        if (!(request instanceof StartBuildRequest r)) {
            return Map.of();
        }
        Map<String, List<String>> context = new HashMap<>();
        context.put(
                "codebuild:environment.environmentVariables.name",
                r.environmentVariablesOverride().stream().map(EnvironmentVariable::name).toList());
        if (r.computeTypeOverride() != null) {
            context.put(
                    "codebuild:environment.computeType", List.of(r.computeTypeOverrideAsString()));
        }
        if (r.environmentTypeOverride() != null) {
            context.put("codebuild:environment.type", List.of(r.environmentTypeOverrideAsString()));
        }
        if (r.serviceRoleOverride() != null) {
            context.put("codebuild:serviceRole", List.of(r.serviceRoleOverride()));
        }
        return context;
    }

    @Override
    public synchronized SdkPojo answer(SdkPojo request, Caller caller) throws ServiceError {
        return switch (request) {
            case StartBuildRequest r ->
                    StartBuildResponse.builder().build(start(r, caller)).build();
            case BatchGetBuildsRequest r -> get(r);
            case StopBuildRequest r -> stop(r);
            case RetryBuildRequest r -> retry(r, caller);
            case ListBuildsForProjectRequest r -> list(r);
            case BatchDeleteBuildsRequest r -> {
                r.ids().forEach(id -> builds.remove(bare(id)));
                yield BatchDeleteBuildsResponse.builder().buildsDeleted(r.ids()).build();
            }
            case CreateProjectRequest r -> {
                passRole(caller, r.serviceRole());
                yield CreateProjectResponse.builder().project(projects.create(r)).build();
            }
            case UpdateProjectRequest r -> {
                if (r.serviceRole() != null) {
                    passRole(caller, r.serviceRole());
                }
                yield UpdateProjectResponse.builder().project(projects.update(r)).build();
            }
            case DeleteProjectRequest r -> {
                projects.delete(r.name());
                yield DeleteProjectResponse.builder().build();
            }
            case BatchGetProjectsRequest r -> projects.get(r);
            case ListProjectsRequest _ ->
                    ListProjectsResponse.builder().projects(projects.names()).build();
            default -> throw Service.unknown(request);
        };
    }

    private void passRole(Caller caller, String role) throws ServiceError {
        place.aws()
                .allow(
                        caller,
                        "iam:PassRole",
                        role,
                        Map.of("iam:PassedToService", List.of("codebuild.amazonaws.com")),
                        "codebuild");
    }

    /** The build as it is when it was submitted, or as it is now if it was before. */
    private Build start(StartBuildRequest r, Caller caller) throws ServiceError {
        Instant now = place.time().instant();
        if (r.serviceRoleOverride() != null) {
            passRole(caller, r.serviceRoleOverride());
        }
        Optional<BuildRun> earlier = sameToken(r, now);
        if (earlier.isPresent()) {
            return earlier.get().now();
        }
        Project project = projects.known(r.projectName());
        Build build = new Merge(project, r, place).build();
        FakeProjects.checkEnvironment(build.environment(), place.name());
        String kind = kind(build.environment());
        if (slots.isFull(kind)) {
            throw new ServiceError(
                    400,
                    "AccountLimitExceededException",
                    "Cannot have more than %d builds in queue for the account"
                            .formatted(slots.queueLimit(kind)));
        }
        return launch(build, r, caller, now);
    }

    private Optional<BuildRun> sameToken(StartBuildRequest r, Instant now) throws ServiceError {
        tokens.values().removeIf(started -> started.when().plus(TOKEN_LIFE).isBefore(now));
        @Nullable Started earlier =
                r.idempotencyToken() == null ? null : tokens.get(r.idempotencyToken());
        if (earlier == null) {
            return Optional.empty();
        }
        if (!earlier.request().equals(r)) {
            throw ServiceError.invalidInput(
                    "Request parameter mismatch for idempotency token " + r.idempotencyToken());
        }
        return Optional.ofNullable(builds.get(earlier.id()));
    }

    private Build launch(Build merged, StartBuildRequest r, Caller caller, Instant now) {
        String id = r.projectName() + ":" + place.aws().names().uuid();
        long number = numbers.merge(r.projectName(), 1L, Long::sum);
        Build build =
                merged.toBuilder()
                        .id(id)
                        .arn(
                                "arn:aws:codebuild:%s:%s:build/%s"
                                        .formatted(place.name(), place.aws().account(), id))
                        .buildNumber(number)
                        .startTime(now)
                        .initiator(caller.arn().substring(caller.arn().lastIndexOf('/') + 1))
                        .build();
        // Here and not in its thread, so that the next start finds it taken.
        Slots.Place taken = slots.take(kind(build.environment()));
        BuildRun run = new BuildRun(this, build, taken, Optional.ofNullable(faults.poll()));
        builds.put(id, run);
        if (r.idempotencyToken() != null) {
            tokens.put(r.idempotencyToken(), new Started(r, id, now));
        }
        Thread thread = Thread.ofVirtual().name("codebuild-" + id).unstarted(run::run);
        threads.add(thread);
        Build submitted = run.now();
        thread.start();
        return submitted;
    }

    private SdkPojo get(BatchGetBuildsRequest r) throws ServiceError {
        if (r.ids().isEmpty() || r.ids().size() > PAGE) {
            throw ServiceError.invalidInput("Invalid number of ids: 1 to 100");
        }
        List<Build> found = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (String id : r.ids()) {
            BuildRun run = builds.get(bare(id));
            if (run == null || isHidden(run)) {
                missing.add(id);
            } else {
                found.add(run.now());
            }
        }
        if (shuffled && !found.isEmpty()) {
            found.add(found.get(place.aws().names().below(found.size())));
            for (int i = found.size(); i > 1; i--) {
                Collections.swap(found, i - 1, place.aws().names().below(i));
            }
        }
        return BatchGetBuildsResponse.builder().builds(found).buildsNotFound(missing).build();
    }

    private boolean isHidden(BuildRun run) {
        return place.time().instant().isBefore(run.now().startTime().plus(visibleAfter));
    }

    private SdkPojo stop(StopBuildRequest r) throws ServiceError {
        BuildRun run = known(r.id());
        Build before = run.now();
        if (run.isUnderWay()) {
            Duration delay = place.time().real(STOPPING);
            Thread.ofVirtual()
                    .name("codebuild-stop")
                    .start(() -> {
                        try {
                            Thread.sleep(delay);
                            run.stop();
                        } catch (InterruptedException _) {
                            Thread.currentThread().interrupt();
                        }
                    });
        }
        return StopBuildResponse.builder().build(before).build();
    }

    private SdkPojo retry(RetryBuildRequest r, Caller caller) throws ServiceError {
        Build old = known(String.valueOf(r.id())).now();
        StartBuildRequest like = StartBuildRequest.builder().projectName(old.projectName()).build();
        return RetryBuildResponse.builder()
                .build(launch(Merge.fresh(old), like, caller, place.time().instant()))
                .build();
    }

    private BuildRun known(String id) throws ServiceError {
        return Optional.ofNullable(builds.get(bare(id)))
                .orElseThrow(() -> ServiceError.notFound("Build cannot be found: " + id));
    }

    private SdkPojo list(ListBuildsForProjectRequest r) throws ServiceError {
        projects.known(r.projectName());
        List<String> ids = new ArrayList<>();
        for (Map.Entry<String, BuildRun> entry : builds.entrySet()) {
            if (entry.getKey().startsWith(r.projectName() + ":") && !isHidden(entry.getValue())) {
                ids.addFirst(entry.getKey());
            }
        }
        if (r.sortOrder() != null && ids.size() > PAGE) {
            throw ServiceError.invalidInput(
                    "sortOrder cannot be used with a project that has more than 100 builds");
        }
        int from = r.nextToken() == null ? 0 : Integer.parseInt(r.nextToken().substring(5));
        int to = Math.min(ids.size(), from + PAGE);
        return ListBuildsForProjectResponse.builder()
                .ids(ids.subList(from, to))
                .nextToken(to < ids.size() ? "page-" + to : null)
                .build();
    }

    private static String bare(String idOrArn) {
        int build = idOrArn.indexOf(":build/");
        return build < 0 ? idOrArn : idOrArn.substring(build + 7);
    }

    static String kind(ProjectEnvironment environment) {
        return environment.typeAsString() + "/" + environment.computeTypeAsString();
    }

    // For the runs.

    Slots slots() {
        return slots;
    }

    BuildTimes times() {
        return times;
    }

    AwsTime time() {
        return place.time();
    }

    FakeLogs logs() {
        return place.logs();
    }

    String region() {
        return place.name();
    }

    URI endpoint() {
        return place.aws().endpoint();
    }

    Path directory() {
        return place.aws().directory();
    }

    Map<String, String> environment() {
        return place.aws().settings().environment();
    }

    BuildWork work() {
        return place.aws().settings().work();
    }

    String projectArn(String project) {
        return projects.arn(project);
    }

    /** A session as the build's role, which ends with the build. */
    AwsPlace.Keys credentialsOf(BuildRun run) {
        AwsPlace.Keys keys =
                place.aws().principals().session(() -> caller(run.now()), run::isUnderWay);
        place.aws().serve(keys);
        return keys;
    }

    private Caller caller(Build build) {
        String role = build.serviceRole();
        String session =
                "arn:aws:sts::%s:assumed-role/%s/AWSCodeBuild-%s"
                        .formatted(
                                place.aws().account(),
                                role.substring(role.lastIndexOf('/') + 1),
                                build.id().substring(build.id().indexOf(':') + 1));
        return new Caller(
                session,
                role,
                place.aws().roles().policies(role),
                Map.of(
                        "codebuild:buildArn", List.of(build.arn()),
                        "codebuild:projectArn", List.of(projects.arn(build.projectName()))));
    }

    /**
     * Gets the image, which is always there. One in ECR can only be had by the role of the build:
     * repositories have no policies here that would let CodeBuild itself in.
     */
    void pull(BuildRun run) throws ServiceError {
        Build build = run.now();
        Optional<EcrImage> image = EcrImage.of(build.environment().image());
        if (image.isEmpty()) {
            return;
        }
        if (build.environment().imagePullCredentialsType()
                != ImagePullCredentialsType.SERVICE_ROLE) {
            throw new ServiceError(
                    400,
                    "AccessDeniedException",
                    "pull access denied for %s, repository does not exist or may require authorization"
                            .formatted(build.environment().image()));
        }
        Caller caller = caller(build);
        place.aws().allow(caller, "ecr:GetAuthorizationToken", "*", Map.of(), "ecr");
        for (String action :
                List.of("BatchCheckLayerAvailability", "GetDownloadUrlForLayer", "BatchGetImage")) {
            place.aws()
                    .allow(caller, "ecr:" + action, image.get().repositoryArn(), Map.of(), "ecr");
        }
    }

    /** Fetches what an S3 source names, with the rights of the build. */
    void download(BuildRun run, Path to) throws ServiceError, IOException {
        Build build = run.now();
        download(build, build.source(), build.sourceVersion(), to);
    }

    /** Another source of a build, in a directory of its own. */
    void downloadSecondary(BuildRun run, ProjectSource source, Path to)
            throws ServiceError, IOException {
        Build build = run.now();
        String version =
                build.secondarySourceVersions().stream()
                        .filter(each -> each.sourceIdentifier().equals(source.sourceIdentifier()))
                        .map(each -> each.sourceVersion())
                        .findFirst()
                        .orElse("");
        download(build, source, version, to);
    }

    private void download(Build build, ProjectSource source, @Nullable String version, Path to)
            throws ServiceError, IOException {
        if (source.type() != SourceType.S3) {
            return;
        }
        String location = source.location();
        int slash = location.indexOf('/');
        try (InputStream zip =
                place.aws()
                        .store()
                        .open(
                                caller(build),
                                location.substring(0, slash),
                                location.substring(slash + 1),
                                version == null ? "" : version)) {
            Trees.unzip(zip, to);
        }
    }

    /** Writes to CloudWatch, if the role of the build may. */
    void log(BuildRun run, String group, String stream, String line) {
        Policy.Verdict verdict =
                Policy.evaluate(
                        caller(run.now()).policies(),
                        "logs:PutLogEvents",
                        logs().arn(group) + ":log-stream:" + stream,
                        Map.of());
        if (verdict == Policy.Verdict.ALLOWED) {
            place.aws().watch(group, line);
            logs().append(group, stream, line);
        }
    }

    /** Ends all builds and waits for them. */
    void close() {
        List<BuildRun> all;
        synchronized (this) {
            all = List.copyOf(builds.values());
        }
        all.forEach(BuildRun::stop);
        for (Thread thread : threads) {
            try {
                boolean _ = thread.join(Duration.ofSeconds(30));
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
