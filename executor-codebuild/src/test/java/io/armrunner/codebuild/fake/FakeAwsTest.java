package io.armrunner.codebuild.fake;

import static io.armrunner.codebuild.fake.FakeAccount.BUCKET;
import static io.armrunner.codebuild.fake.FakeAccount.PROJECT;
import static io.armrunner.codebuild.fake.FakeAccount.spec;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.spec.Secret;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.codebuild.model.AccountLimitExceededException;
import software.amazon.awssdk.services.codebuild.model.Build;
import software.amazon.awssdk.services.codebuild.model.BuildPhase;
import software.amazon.awssdk.services.codebuild.model.BuildPhaseType;
import software.amazon.awssdk.services.codebuild.model.CodeBuildException;
import software.amazon.awssdk.services.codebuild.model.EnvironmentVariable;
import software.amazon.awssdk.services.codebuild.model.InvalidInputException;
import software.amazon.awssdk.services.codebuild.model.ResourceNotFoundException;
import software.amazon.awssdk.services.codebuild.model.SourceType;
import software.amazon.awssdk.services.codebuild.model.StartBuildRequest;
import software.amazon.awssdk.services.codebuild.model.StatusType;
import software.amazon.awssdk.services.iam.model.EvaluationResult;
import software.amazon.awssdk.services.iam.model.PolicyEvaluationDecisionType;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.ssm.model.ParameterNotFoundException;
import software.amazon.awssdk.services.ssm.model.ParameterType;

class FakeAwsTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir Path directory;
    private FakeAccount account;

    @BeforeEach
    void start() throws Exception {
        account = new FakeAccount(directory, UnaryOperator.identity());
    }

    @AfterEach
    void stop() throws Exception {
        account.close();
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    private void restart(UnaryOperator<FakeAwsSettings> change) throws Exception {
        account.close();
        account = new FakeAccount(directory, change);
    }

    private Build start(StartBuildRequest request) {
        return account.clients.codeBuildOnce().startBuild(request).build();
    }

    private static StartBuildRequest.Builder request(String... commands) {
        return StartBuildRequest.builder().projectName(PROJECT).buildspecOverride(spec(commands));
    }

    private Build get(String id) {
        return account.clients.codeBuild().batchGetBuilds(r -> r.ids(id)).builds().getFirst();
    }

    private Build ended(Build build) {
        await().atMost(LIMIT).until(() -> get(build.id()).buildComplete());
        return get(build.id());
    }

    private static BuildPhase phase(Build build, BuildPhaseType type) {
        return build.phases().stream()
                .filter(phase -> phase.phaseType() == type)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aBuildRunsItsCommandsAndGoesThroughAllPhases() {
        Build started =
                start(request("echo one", "echo \"$CODEBUILD_BUILD_ARN in $AWS_REGION\"").build());

        assertThat(started.buildStatus()).isEqualTo(StatusType.IN_PROGRESS);
        assertThat(started.logs().streamName()).isNull();
        assertThat(started.logs().cloudWatchLogsArn()).contains(":log-group:null:");
        Build build = ended(started);
        assertThat(build.buildStatus()).isEqualTo(StatusType.SUCCEEDED);
        assertThat(build.phases())
                .extracting(BuildPhase::phaseTypeAsString)
                .containsExactly(
                        "SUBMITTED",
                        "QUEUED",
                        "PROVISIONING",
                        "DOWNLOAD_SOURCE",
                        "INSTALL",
                        "PRE_BUILD",
                        "BUILD",
                        "POST_BUILD",
                        "UPLOAD_ARTIFACTS",
                        "FINALIZING",
                        "COMPLETED");
        assertThat(build.phases().getLast().phaseStatus()).isNull();
        // A pause of this machine counts a hundredfold there.
        assertThat(phase(build, BuildPhaseType.PROVISIONING).durationInSeconds())
                .isGreaterThanOrEqualTo(2);
        assertThat(account.aws.region().logs().lines())
                .contains("one", build.arn() + " in eu-west-3");
        assertThat(account.aws.codeBuild().billedMinutes()).isPositive();
    }

    @Test
    void provisioningTakesAsLongAsWasMeasured() {
        BuildTimes times = new BuildTimes(new Names(new Random(1)));

        assertThat(times.provisioning(false, false))
                .isBetween(Duration.ofSeconds(2), Duration.ofSeconds(4));
        assertThat(times.provisioning(true, true))
                .isBetween(Duration.ofSeconds(8), Duration.ofSeconds(10));
    }

    @Test
    void aCommandThatFailsEndsTheBuildButNotBeforePostBuild() {
        Build build = ended(start(request("echo fine", "exit 3", "echo never").build()));

        assertThat(build.buildStatus()).isEqualTo(StatusType.FAILED);
        BuildPhase phase = phase(build, BuildPhaseType.BUILD);
        assertThat(phase.phaseStatus()).isEqualTo(StatusType.FAILED);
        assertThat(phase.contexts().getFirst().statusCode()).isEqualTo("COMMAND_EXECUTION_ERROR");
        assertThat(phase.contexts().getFirst().message()).contains("exit status 3");
        assertThat(phase(build, BuildPhaseType.POST_BUILD).phaseStatus())
                .isEqualTo(StatusType.SUCCEEDED);
        assertThat(account.aws.region().logs().lines()).doesNotContain("never");
    }

    @Test
    void anS3SourceIsUnpackedWithTheRightsOfTheBuild() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.putNextEntry(new ZipEntry("boot.sh"));
            zip.write("echo booted\n".getBytes(UTF_8));
        }
        account.clients
                .s3()
                .putBucketVersioning(
                        r -> r.bucket(BUCKET).versioningConfiguration(v -> v.status("Enabled")));
        String version =
                account.clients
                        .s3()
                        .putObject(
                                r -> r.bucket(BUCKET).key("agent/1.zip"),
                                RequestBody.fromBytes(bytes.toByteArray()))
                        .versionId();
        // A later one, which the pinned version must hide.
        account.clients
                .s3()
                .putObject(r -> r.bucket(BUCKET).key("agent/1.zip"), RequestBody.fromString("bad"));

        StartBuildRequest.Builder request =
                request("sh \"$CODEBUILD_SRC_DIR/boot.sh\"").sourceTypeOverride(SourceType.S3);
        Build good =
                ended(
                        start(
                                request.sourceLocationOverride(BUCKET + "/agent/1.zip")
                                        .sourceVersion(version)
                                        .build()));
        Build bad =
                ended(
                        start(
                                request.sourceLocationOverride(BUCKET + "/elsewhere/1.zip")
                                        .sourceVersion(null)
                                        .build()));

        assertThat(good.buildStatus()).isEqualTo(StatusType.SUCCEEDED);
        assertThat(account.aws.region().logs().lines()).contains("booted");
        assertThat(bad.buildStatus()).isEqualTo(StatusType.FAILED);
        assertThat(phase(bad, BuildPhaseType.DOWNLOAD_SOURCE).contexts().getFirst().statusCode())
                .isEqualTo("AccessDenied");
    }

    @Test
    void aBuildReachesItsOwnObjectsOnly() throws Exception {
        Map<String, BuildWork.Step> steps = new ConcurrentHashMap<>();
        restart(settings ->
                settings.withWork(step -> {
                    steps.put(step.buildArn(), step);
                    step.killed().join();
                    return 0;
                }));
        Build mine = start(request("x").build());
        Build other = start(request("x").build());
        await().atMost(LIMIT).until(() -> steps.size() == 2);
        BuildWork.Step step = java.util.Objects.requireNonNull(steps.get(mine.arn()));
        AwsPlace place = account.aws.place(keys(step.environment()));
        String own = "jobs/" + mine.arn() + "/payload.json";
        String foreign = "jobs/" + other.arn() + "/payload.json";
        for (String key : List.of(own, foreign, "agent/x")) {
            account.clients
                    .s3()
                    .putObject(r -> r.bucket(BUCKET).key(key), RequestBody.fromString(key));
        }
        try (AwsClients build = AwsClients.open(place)) {
            assertThat(build.s3().getObjectAsBytes(r -> r.bucket(BUCKET).key(own)).asUtf8String())
                    .isEqualTo(own);
            assertThat(
                            build.s3()
                                    .getObjectAsBytes(r -> r.bucket(BUCKET).key("agent/x"))
                                    .asUtf8String())
                    .isEqualTo("agent/x");
            build.s3()
                    .putObject(
                            r ->
                                    r.bucket(BUCKET)
                                            .key("jobs/" + mine.arn() + "/claim")
                                            .ifNoneMatch("*"),
                            RequestBody.empty());
            assertThatThrownBy(() ->
                            build.s3()
                                    .putObject(
                                            r ->
                                                    r.bucket(BUCKET)
                                                            .key("jobs/" + mine.arn() + "/claim")
                                                            .ifNoneMatch("*"),
                                            RequestBody.empty()))
                    .isInstanceOfSatisfying(
                            S3Exception.class, e -> assertThat(e.statusCode()).isEqualTo(412));
            denied(() -> build.s3().getObjectAsBytes(r -> r.bucket(BUCKET).key(foreign)));
            denied(() ->
                    build.s3().putObject(r -> r.bucket(BUCKET).key(foreign), RequestBody.empty()));
            denied(() -> build.s3().deleteObject(r -> r.bucket(BUCKET).key(foreign)));
            denied(() ->
                    build.s3()
                            .putObject(r -> r.bucket(BUCKET).key("agent/x"), RequestBody.empty()));
            denied(() -> build.s3().listObjectsV2(r -> r.bucket(BUCKET)));
            assertThatThrownBy(() -> build.codeBuild().stopBuild(r -> r.id(other.id())))
                    .isInstanceOfSatisfying(
                            CodeBuildException.class,
                            e ->
                                    assertThat(e.awsErrorDetails().errorCode())
                                            .isEqualTo("AccessDeniedException"));
            // What is absent and what is forbidden look alike to one who may not list.
            denied(() -> build.s3().getObjectAsBytes(r -> r.bucket(BUCKET).key("jobs/none")));
            account.clients.codeBuild().stopBuild(r -> r.id(mine.id()));
            ended(mine);
            assertThatThrownBy(() -> build.s3().getObjectAsBytes(r -> r.bucket(BUCKET).key(own)))
                    .isInstanceOfSatisfying(
                            S3Exception.class,
                            e ->
                                    assertThat(e.awsErrorDetails().errorCode())
                                            .isEqualTo("ExpiredToken"));
        }
    }

    private static void denied(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        S3Exception.class,
                        e -> {
                            assertThat(e.statusCode()).isEqualTo(403);
                            assertThat(e.awsErrorDetails().errorCode()).isEqualTo("AccessDenied");
                        });
    }

    private static AwsPlace.Keys keys(Map<String, String> environment) throws Exception {
        var uri =
                java.net.URI.create(
                        environment.getOrDefault("AWS_CONTAINER_CREDENTIALS_FULL_URI", ""));
        com.fasterxml.jackson.databind.JsonNode json;
        try (var in = uri.toURL().openStream()) {
            json = new com.fasterxml.jackson.databind.ObjectMapper().readTree(in);
        }
        return new AwsPlace.Keys(
                json.path("AccessKeyId").asText(),
                Secret.of(json.path("SecretAccessKey").asText()),
                Secret.of(json.path("Token").asText()));
    }

    @Test
    void stoppingKillsEverythingWithoutWarning() {
        Build started =
                start(
                        request("trap 'echo warned' TERM; sleep 300 & echo \"child $!\"; wait")
                                .build());
        await().atMost(LIMIT)
                .until(() ->
                        account.aws.region().logs().lines().stream()
                                .anyMatch(line -> line.startsWith("child ")));

        StatusType atOnce =
                account.clients
                        .codeBuild()
                        .stopBuild(r -> r.id(started.id()))
                        .build()
                        .buildStatus();
        Build build = ended(started);

        assertThat(atOnce).isEqualTo(StatusType.IN_PROGRESS);
        assertThat(build.buildStatus()).isEqualTo(StatusType.STOPPED);
        assertThat(account.aws.region().logs().lines()).doesNotContain("warned");
        long child =
                account.aws.region().logs().lines().stream()
                        .filter(line -> line.startsWith("child "))
                        .mapToLong(line -> Long.parseLong(line.substring(6)))
                        .findFirst()
                        .orElseThrow();
        await().atMost(LIMIT)
                .until(() -> ProcessHandle.of(child).filter(ProcessHandle::isAlive).isEmpty());
        // A finished build may be stopped again, an unknown one may not.
        assertThat(
                        account.clients
                                .codeBuild()
                                .stopBuild(r -> r.id(started.id()))
                                .build()
                                .buildStatus())
                .isEqualTo(StatusType.STOPPED);
        assertThatThrownBy(() -> account.clients.codeBuild().stopBuild(r -> r.id(PROJECT + ":x")))
                .isInstanceOf(ResourceNotFoundException.class);
    }

    @Test
    void whatABuildLeavesRunningDiesWithItsContainerWhoseverChildItIs() {
        Build build =
                ended(
                        start(
                                request(
                                                "setsid sh -c 'sleep 300 >/dev/null 2>&1 & echo \"orphan $!\"'",
                                                "cd / && setsid sh -c 'sleep 300 >/dev/null 2>&1 & echo \"orphan $!\"'",
                                                "env -i HOME=\"$HOME\" PATH=\"$PATH\" setsid sh -c 'sleep 300 >/dev/null 2>&1 & echo \"orphan $!\"'")
                                        .build()));

        assertThat(build.buildStatus()).isEqualTo(StatusType.SUCCEEDED);
        List<Long> orphans =
                account.aws.region().logs().lines().stream()
                        .filter(line -> line.startsWith("orphan "))
                        .map(line -> Long.parseLong(line.substring(7)))
                        .toList();
        assertThat(orphans).hasSize(3);
        await("their new parent has taken note")
                .atMost(LIMIT)
                .until(() ->
                        orphans.stream()
                                .flatMap(pid -> ProcessHandle.of(pid).stream())
                                .noneMatch(ProcessHandle::isAlive));
    }

    @Test
    void aTimeOutShowsInThePhaseAndTheBuildSaysFailed() throws Exception {
        restart(settings -> settings.withSpeed(50));
        Build build = ended(start(request("sleep 300").timeoutInMinutesOverride(5).build()));

        assertThat(build.buildStatus()).isEqualTo(StatusType.FAILED);
        BuildPhase phase = phase(build, BuildPhaseType.BUILD);
        assertThat(phase.phaseStatus()).isEqualTo(StatusType.TIMED_OUT);
        assertThat(phase.contexts().getFirst().statusCode()).isEqualTo("BUILD_TIMED_OUT");
    }

    /** A build on Lambda compute, with something else. */
    private Build onLambda(Consumer<StartBuildRequest.Builder> more) {
        return account.clients
                .codeBuildOnce()
                .startBuild(r -> {
                    r.projectName(PROJECT)
                            .environmentTypeOverride("ARM_LAMBDA_CONTAINER")
                            .computeTypeOverride("BUILD_LAMBDA_1GB")
                            .imageOverride(
                                    "aws/codebuild/amazonlinux-aarch64-lambda-standard:python3.14")
                            .buildspecOverride(spec("true"));
                    more.accept(r);
                })
                .build();
    }

    @Test
    void lambdaComputeRefusesWhatAwsRefusesThere() throws Exception {
        restart(settings -> settings.withRegion("eu-west-1"));
        Map<String, Consumer<StartBuildRequest.Builder>> refused =
                Map.of(
                        "Cannot specify timeoutInMinutes for lambda compute",
                        r -> r.timeoutInMinutesOverride(10),
                        "Cannot specify queuedTimeoutInMinutes for lambda compute",
                        r -> r.queuedTimeoutInMinutesOverride(10),
                        "Cannot specify cache for lambda compute",
                        r ->
                                r.cacheOverride(c ->
                                        c.type("LOCAL").modesWithStrings("LOCAL_CUSTOM_CACHE")),
                        "Cannot specify privilegedMode for lambda compute",
                        r -> r.privilegedModeOverride(true),
                        "Cannot specify certificate for lambda compute",
                        r -> r.certificateOverride("arn:aws:s3:::bucket/ca.pem"),
                        "Cannot specify debugSession for lambda compute",
                        r -> r.debugSessionEnabled(true),
                        "Invalid compute type BUILD_GENERAL1_SMALL",
                        r -> r.computeTypeOverride("BUILD_GENERAL1_SMALL"),
                        "Invalid compute type BUILD_LAMBDA_1GB",
                        r -> r.environmentTypeOverride("ARM_CONTAINER"),
                        "Invalid image python:3.14",
                        r -> r.imageOverride("python:3.14"));
        refused.forEach((message, more) ->
                assertThatThrownBy(() -> onLambda(more))
                        .as(message)
                        .isInstanceOf(InvalidInputException.class)
                        .hasMessageContaining(message));
        assertThat(onLambda(r -> r.cacheOverride(c -> c.type("NO_CACHE"))).timeoutInMinutes())
                .isEqualTo(15);
        try (AwsClients paris = AwsClients.open(account.aws.place().in("eu-west-3"))) {
            assertThatThrownBy(() ->
                            paris.codeBuild()
                                    .createProject(r ->
                                            r.name(PROJECT)
                                                    .source(s ->
                                                            s.type("NO_SOURCE")
                                                                    .buildspec(spec("true")))
                                                    .artifacts(a -> a.type("NO_ARTIFACTS"))
                                                    .environment(e ->
                                                            e.type("ARM_LAMBDA_CONTAINER")
                                                                    .computeType("BUILD_LAMBDA_1GB")
                                                                    .image(
                                                                            "aws/codebuild/amazonlinux-aarch64-lambda-standard:python3.14"))
                                                    .serviceRole(
                                                            "arn:aws:iam::%s:role/%s"
                                                                    .formatted(
                                                                            account.aws.account(),
                                                                            FakeAccount.ROLE))))
                    .hasMessageContaining(
                            "ARM_LAMBDA_CONTAINER is not supported in region eu-west-3");
        }
    }

    @Test
    void whatLambdaComputeHasNoRoomForIsRefusedAtOnce() throws Exception {
        restart(settings -> settings.withRegion("eu-west-1").withQuota(1));
        Build first = onLambda(r -> r.buildspecOverride(spec("sleep 60")));
        assertThatThrownBy(() -> onLambda(_ -> {}))
                .isInstanceOf(AccountLimitExceededException.class);
        account.clients.codeBuild().stopBuild(r -> r.id(first.id()));
    }

    @Test
    void oneTokenIsOneBuildAndNoOtherRequest() throws Exception {
        // A token is known for five minutes, here half of one.
        restart(settings -> settings.withSpeed(10));
        StartBuildRequest.Builder request = request("echo").idempotencyToken("t1");
        Build first = start(request.build());
        Build second = start(request.build());

        assertThat(second.id()).isEqualTo(first.id());
        ended(first);
        assertThat(start(request.build()).buildStatus()).isEqualTo(StatusType.SUCCEEDED);
        assertThatThrownBy(() -> start(request.timeoutInMinutesOverride(50).build()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("Request parameter mismatch for idempotency token t1");
    }

    @Test
    void buildsBeyondTheQuotaWaitAndBeyondTheQueueAreRefused() throws Exception {
        restart(settings ->
                settings.withQuota(1)
                        .withWork(step -> {
                            step.killed().join();
                            return 0;
                        }));
        List<Build> builds = Stream.generate(() -> start(request("x").build())).limit(6).toList();

        assertThatThrownBy(() -> start(request("x").build()))
                .isInstanceOf(AccountLimitExceededException.class)
                .hasMessageContaining("Cannot have more than 5 builds in queue for the account");
        await().atMost(LIMIT)
                .until(() ->
                        account.aws.codeBuild().builds().stream()
                                .anyMatch(build -> build.currentPhase().equals("BUILD")));
        await().atMost(LIMIT)
                .untilAsserted(() ->
                        assertThat(account.aws.codeBuild().builds())
                                .filteredOn(build -> build.currentPhase().equals("QUEUED"))
                                .hasSize(5));
        assertThat(
                        account.clients
                                .quotas()
                                .getServiceQuota(r ->
                                        r.serviceCode("codebuild")
                                                .quotaCode(BuildSize.SMALL.quotaCode()))
                                .quota()
                                .value())
                .isEqualTo(1.0);
        builds.forEach(build -> account.clients.codeBuild().stopBuild(r -> r.id(build.id())));
    }

    @Test
    void ordinaryTroubleCanBeOrdered() {
        account.aws.faults().on("codebuild:StartBuild").throttle();
        assertThatThrownBy(() -> start(request("x").build()))
                .isInstanceOfSatisfying(
                        CodeBuildException.class,
                        e -> {
                            assertThat(e.isThrottlingException()).isTrue();
                            assertThat(e).hasMessageContaining("Rate exceeded");
                        });
        account.aws.faults().on("codebuild:StartBuild").loseAnswer();
        assertThatThrownBy(() -> start(request("x").build())).isInstanceOf(SdkException.class);
        account.aws.faults().on("codebuild:StartBuild").garble(200, "{}");
        assertThat(account.clients.codeBuildOnce().startBuild(request("x").build()).build())
                .isNull();
        account.aws.faults().on("codebuild:StartBuild").garble(200, "{\"build\":");
        assertThatThrownBy(() -> start(request("x").build())).isInstanceOf(SdkException.class);

        assertThat(account.aws.codeBuild().builds()).hasSize(3);
        // One call is one request: nothing was repeated behind the caller's back.
        assertThat(account.aws.count("codebuild:StartBuild")).isEqualTo(4);
        account.aws
                .codeBuild()
                .nextBuilds(BuildFault.imagePull("toomanyrequests"), BuildFault.ofService());
        Build pull = ended(start(request("x").build()));
        Build fault = ended(start(request("x").build()));
        assertThat(phase(pull, BuildPhaseType.PROVISIONING).contexts().getFirst().message())
                .contains("toomanyrequests");
        assertThat(fault.buildStatus()).isEqualTo(StatusType.FAULT);
    }

    @Test
    void newsOfABuildMaySpreadLate() {
        // Of the fake's time; here they are 6 s, in which the first look has to come.
        account.aws.codeBuild().visibleAfter(Duration.ofMinutes(10));
        Build build = start(request("x").build());

        assertThat(
                        account.clients
                                .codeBuild()
                                .batchGetBuilds(r -> r.ids(build.id()))
                                .buildsNotFound())
                .containsExactly(build.id());
        await().atMost(LIMIT)
                .until(() ->
                        account.clients
                                .codeBuild()
                                .listBuildsForProject(r -> r.projectName(PROJECT))
                                .ids()
                                .contains(build.id()));
    }

    @Test
    void whatTheServiceModelDoesNotAllowIsRefused() {
        assertThatThrownBy(() ->
                        start(request("x").computeTypeOverride("BUILD_GENERAL1_HUGE").build()))
                .isInstanceOfSatisfying(
                        CodeBuildException.class,
                        e ->
                                assertThat(e.awsErrorDetails().errorCode())
                                        .isEqualTo("ValidationException"))
                .hasMessageContaining("BUILD_GENERAL1_HUGE");
        assertThatThrownBy(() -> account.clients.codeBuild().startBuild(r -> {}))
                .hasMessageContaining("Value null at 'projectName'");
        assertThatThrownBy(() -> account.clients.iam().getRolePolicy(r -> r.roleName("x")))
                .hasMessageContaining("Value null at 'PolicyName'");
        assertThatThrownBy(() -> start(request("x").timeoutInMinutesOverride(4).build()))
                .isInstanceOf(InvalidInputException.class);
        assertThatThrownBy(() -> start(request("x".repeat(26_000)).build()))
                .isInstanceOf(InvalidInputException.class);
        assertThatThrownBy(() ->
                        start(
                                request("x")
                                        .environmentVariablesOverride(
                                                List.of(
                                                        EnvironmentVariable.builder()
                                                                .name("A")
                                                                .value("x".repeat(4097))
                                                                .build()))
                                        .build()))
                .hasMessageContaining("at most 4096 characters");
        assertThat(account.aws.codeBuild().builds()).isEmpty();
    }

    @Test
    void aWrongKeyAndAWrongSignatureAreRefused() {
        AwsPlace.Keys right = account.aws.place().keys().orElseThrow();
        AwsPlace.Keys forged =
                new AwsPlace.Keys(right.accessKey(), Secret.of("guessed"), Secret.NONE);
        AwsPlace.Keys unknown = new AwsPlace.Keys("AKIANOBODY", Secret.of("guessed"), Secret.NONE);
        for (AwsPlace.Keys keys : List.of(forged, unknown)) {
            try (AwsClients clients = AwsClients.open(account.aws.place(keys))) {
                assertThatThrownBy(() -> clients.sts().getCallerIdentity())
                        .isInstanceOfSatisfying(
                                AwsServiceException.class,
                                e -> assertThat(e.statusCode()).isEqualTo(403));
                assertThatThrownBy(() -> clients.s3().headBucket(r -> r.bucket(BUCKET)))
                        .isInstanceOfSatisfying(
                                AwsServiceException.class,
                                e -> assertThat(e.statusCode()).isEqualTo(403));
            }
        }
    }

    @Test
    void aDenialNamesTheMissingAction() {
        AwsPlace.Keys keys =
                account.aws.user(
                        "manager",
                        """
                        {"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"codebuild:BatchGetBuilds","Resource":"*"}}
                        """);
        try (AwsClients clients = AwsClients.open(account.aws.place(keys))) {
            assertThatThrownBy(() -> clients.codeBuild().startBuild(request("x").build()))
                    .hasMessageContaining(
                            "user/manager is not authorized to perform: codebuild:StartBuild on resource: arn:aws:codebuild:eu-west-3:");
            assertThatThrownBy(() -> clients.iam().getRole(r -> r.roleName("x")))
                    .hasMessageContaining("iam:GetRole");
            assertThatThrownBy(() -> clients.ec2().describeSubnets())
                    .hasMessageContaining("ec2:DescribeSubnets");
        }
    }

    @Test
    void parametersNetworksRolesAndBucketSettingsComeBack() {
        var clients = account.clients;
        clients.ssm()
                .putParameter(r ->
                        r.name("/armrunner/token")
                                .value("glrt-x")
                                .type(ParameterType.SECURE_STRING));
        assertThat(
                        clients.ssm()
                                .getParameter(r -> r.name("/armrunner/token").withDecryption(true))
                                .parameter()
                                .value())
                .isEqualTo("glrt-x");
        assertThat(clients.ssm().getParameter(r -> r.name("/armrunner/token")).parameter().value())
                .doesNotContain("glrt-x");
        assertThatThrownBy(() -> clients.ssm().getParameter(r -> r.name("/none")))
                .isInstanceOf(ParameterNotFoundException.class);

        account.aws.region().network().subnet("vpc-1", "subnet-1", "eu-west-3a", false);
        account.aws.region().network().securityGroup("vpc-1", "sg-1");
        assertThat(
                        clients.ec2()
                                .describeSubnets(r -> r.subnetIds("subnet-1"))
                                .subnets()
                                .getFirst()
                                .vpcId())
                .isEqualTo("vpc-1");
        assertThat(clients.ec2().describeSecurityGroups(r -> r.groupIds("sg-1")).securityGroups())
                .hasSize(1);
        assertThatThrownBy(() -> clients.ec2().describeSubnets(r -> r.subnetIds("subnet-2")))
                .isInstanceOfSatisfying(
                        AwsServiceException.class,
                        e ->
                                assertThat(e.awsErrorDetails().errorCode())
                                        .isEqualTo("InvalidSubnetID.NotFound"));

        assertThat(clients.iam().getRole(r -> r.roleName(FakeAccount.ROLE)).role().arn())
                .isEqualTo("arn:aws:iam::123456789012:role/" + FakeAccount.ROLE);
        assertThat(clients.iam().listRolePolicies(r -> r.roleName(FakeAccount.ROLE)).policyNames())
                .containsExactly("build");
        assertThat(clients.sts().getCallerIdentity().account()).isEqualTo("123456789012");

        clients.s3()
                .putPublicAccessBlock(r ->
                        r.bucket(BUCKET)
                                .publicAccessBlockConfiguration(c -> c.blockPublicAcls(true)));
        assertThat(
                        clients.s3()
                                .getPublicAccessBlock(r -> r.bucket(BUCKET))
                                .publicAccessBlockConfiguration()
                                .blockPublicAcls())
                .isTrue();
        assertThatThrownBy(() -> clients.s3().getBucketTagging(r -> r.bucket(BUCKET)))
                .isInstanceOfSatisfying(
                        S3Exception.class,
                        e -> assertThat(e.awsErrorDetails().errorCode()).isEqualTo("NoSuchTagSet"));
        assertThatThrownBy(() -> clients.s3().getObjectAsBytes(r -> r.bucket(BUCKET).key("none")))
                .isInstanceOf(NoSuchKeyException.class);
    }

    @Test
    void aSimulationTellsTheWorstOfSeveralResourcesAndEachOfThem() {
        var iam = account.clients.iam();
        String role =
                iam.createRole(r ->
                                r.roleName("simulated").assumeRolePolicyDocument(FakeAccount.TRUST))
                        .role()
                        .arn();
        iam.putRolePolicy(r ->
                r.roleName("simulated")
                        .policyName("one")
                        .policyDocument(
                                """
                                {"Version":"2012-10-17","Statement":[
                                 {"Effect":"Allow","Action":"ecr:BatchGetImage","Resource":["arn:a","arn:c"]},
                                 {"Effect":"Deny","Action":"ecr:BatchGetImage","Resource":"arn:c"}]}
                                """));

        var two = simulated(role, "arn:a", "arn:b");
        assertThat(two.evalDecision()).isEqualTo(PolicyEvaluationDecisionType.IMPLICIT_DENY);
        assertThat(two.resourceSpecificResults())
                .extracting(each -> each.evalResourceName() + " " + each.evalResourceDecision())
                .containsExactly("arn:a allowed", "arn:b implicitDeny");
        assertThat(simulated(role, "arn:c", "arn:b").evalDecision())
                .isEqualTo(PolicyEvaluationDecisionType.EXPLICIT_DENY);
        assertThat(simulated(role, "arn:a").evalDecision())
                .isEqualTo(PolicyEvaluationDecisionType.ALLOWED);
    }

    private EvaluationResult simulated(String role, String... resources) {
        List<EvaluationResult> results =
                account.clients
                        .iam()
                        .simulatePrincipalPolicy(r ->
                                r.policySourceArn(role)
                                        .actionNames("ecr:BatchGetImage")
                                        .resourceArns(resources))
                        .evaluationResults();
        assertThat(results).hasSize(1);
        return results.getFirst();
    }

    @Test
    void aLookAtAnObjectTellsItsLengthAndKind() throws Exception {
        var s3 = account.clients.s3();
        s3.putBucketVersioning(
                r -> r.bucket(BUCKET).versioningConfiguration(v -> v.status("Enabled")));
        String version =
                s3.putObject(
                                r -> r.bucket(BUCKET).key("k").contentType("text/x-log"),
                                RequestBody.fromString("12345"))
                        .versionId();
        s3.putObject(r -> r.bucket(BUCKET).key("k"), RequestBody.fromString("1234567"));
        s3.putObject(r -> r.bucket(BUCKET).key("none"), RequestBody.empty());

        var newest = s3.headObject(r -> r.bucket(BUCKET).key("k"));
        assertThat(newest.contentLength()).isEqualTo(7);
        assertThat(newest.eTag())
                .isEqualTo(s3.getObjectAsBytes(r -> r.bucket(BUCKET).key("k")).response().eTag());
        var older = s3.headObject(r -> r.bucket(BUCKET).key("k").versionId(version));
        assertThat(older.contentLength()).isEqualTo(5);
        assertThat(older.contentType()).isEqualTo("text/x-log");
        assertThat(s3.headObject(r -> r.bucket(BUCKET).key("none")).contentLength()).isZero();
        assertThatThrownBy(() -> s3.headObject(r -> r.bucket(BUCKET).key("never")))
                .isInstanceOfSatisfying(
                        S3Exception.class, e -> assertThat(e.statusCode()).isEqualTo(404));
    }

    @Test
    void versionsAreKeptUntilTheyAreDeletedThemselves() {
        var s3 = account.clients.s3();
        s3.putBucketVersioning(
                r -> r.bucket(BUCKET).versioningConfiguration(v -> v.status("Enabled")));
        String version =
                s3.putObject(r -> r.bucket(BUCKET).key("k"), RequestBody.fromString("1"))
                        .versionId();
        s3.deleteObject(r -> r.bucket(BUCKET).key("k"));

        assertThat(
                        s3.getObjectAsBytes(r -> r.bucket(BUCKET).key("k").versionId(version))
                                .asUtf8String())
                .isEqualTo("1");
        assertThatThrownBy(() -> s3.deleteBucket(r -> r.bucket(BUCKET)))
                .isInstanceOfSatisfying(
                        S3Exception.class,
                        e ->
                                assertThat(e.awsErrorDetails().errorCode())
                                        .isEqualTo("BucketNotEmpty"));
        var all = s3.listObjectVersions(r -> r.bucket(BUCKET));
        assertThat(all.versions()).hasSize(1);
        assertThat(all.deleteMarkers()).hasSize(1);
        all.versions()
                .forEach(v ->
                        s3.deleteObject(
                                r -> r.bucket(BUCKET).key(v.key()).versionId(v.versionId())));
        all.deleteMarkers()
                .forEach(v ->
                        s3.deleteObject(
                                r -> r.bucket(BUCKET).key(v.key()).versionId(v.versionId())));
        s3.deleteBucket(r -> r.bucket(BUCKET));
        assertThatThrownBy(() -> s3.headBucket(r -> r.bucket(BUCKET)))
                .isInstanceOfSatisfying(
                        S3Exception.class, e -> assertThat(e.statusCode()).isEqualTo(404));
    }

    @Test
    void whatShowsASecretToAwsIsFoundAtTheEnd() throws Exception {
        String secret = "glrt-" + FakeAws.SECRET_MARK;
        account.clients
                .ssm()
                .putParameter(r ->
                        r.name("/armrunner/token").value(secret).type(ParameterType.SECURE_STRING));
        account.clients
                .s3()
                .putObject(r -> r.bucket(BUCKET).key("jobs/x"), RequestBody.fromString(secret));
        // So far it is where it belongs. Each of these is not.
        ended(start(request("echo " + secret).build()));
        account.clients
                .s3()
                .putObject(r -> r.bucket(BUCKET).key(secret), RequestBody.fromString("x"));

        assertThatThrownBy(() -> account.close())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("AWS got to see secrets")
                .hasMessageContaining("codebuild:StartBuild")
                .hasMessageContaining("log group /armrunner/boot")
                .hasMessageContaining("s3:PutObject");
        account = new FakeAccount(directory, UnaryOperator.identity());
    }
}
