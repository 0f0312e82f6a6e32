package io.armrunner.codebuild.setup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.AwsFailure;
import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.fake.FakeAws;
import io.armrunner.codebuild.fake.FakeAwsSettings;
import io.armrunner.http.EventLoops;
import io.armrunner.spec.Secret;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.codebuild.model.ComputeType;
import software.amazon.awssdk.services.codebuild.model.Project;
import software.amazon.awssdk.services.s3.model.S3Exception;

class SetupTest {
    private static final Duration QUICK = Duration.ofMillis(20);

    @TempDir Path directory;
    private EventLoops loops = EventLoops.open(1);
    private FakeAws aws;
    private AwsClients clients;
    private Installation installation;

    @BeforeEach
    void start() throws Exception {
        aws =
                FakeAws.start(
                        loops,
                        FakeAwsSettings.of(
                                        directory, Map.of("PATH", "/usr/bin:/bin"), new Random(1))
                                .withSpeed(100));
        clients = AwsClients.open(aws.place());
        installation = Installation.of("main", "eu-west-3", aws.account());
    }

    @AfterEach
    void stop() {
        clients.close();
        aws.close();
        loops.close();
    }

    private List<String> plan(Installation wanted, AwsClients with) throws Exception {
        return new Setup(wanted, with)
                .plan().stream().map(line -> line.toString().strip()).toList();
    }

    private void apply(Installation wanted, AwsClients with) throws Exception {
        new Setup(wanted, with).apply(_ -> {});
    }

    private AwsClients as(String... policies) throws Exception {
        StringBuilder statements = new StringBuilder();
        for (String policy : policies) {
            int from = policy.indexOf('[', policy.indexOf("Statement"));
            statements
                    .append(statements.isEmpty() ? "" : ",")
                    .append(policy, from + 1, policy.lastIndexOf(']'));
        }
        return AwsClients.open(
                aws.place(
                        aws.user(
                                "limited",
                                "{\"Version\":\"2012-10-17\",\"Statement\":["
                                        + statements
                                        + "]}")));
    }

    private String managerPolicy() {
        return Documents.filled(Documents.manager(false), installation);
    }

    private String installerPolicy() {
        return Documents.filled(Documents.installer(), installation);
    }

    @Test
    void thePlanComesFirstAndChangesNothing() throws Exception {
        assertThat(plan(installation, clients))
                .containsExactly(
                        "create  role armrunner-main-build-eu-west-3",
                        "create  bucket armrunner-main-123456789012-eu-west-3",
                        "create  log group /armrunner/main/boot",
                        "create  project armrunner-main");
        assertThat(clients.codeBuild().listProjects().projects()).isEmpty();
        assertThatThrownBy(() -> clients.s3().headBucket(r -> r.bucket(installation.bucket())))
                .isInstanceOf(S3Exception.class);
    }

    @Test
    void settingUpTwiceChangesNothingTheSecondTime() throws Exception {
        apply(installation, clients);
        long calls = aws.count("codebuild:UpdateProject");
        assertThat(plan(installation, clients)).allMatch(line -> line.startsWith("keep"));
        apply(installation, clients);

        assertThat(aws.count("codebuild:UpdateProject")).isEqualTo(calls);
        assertThat(aws.count("iam:PutRolePolicy")).isEqualTo(1);
        Project project =
                clients.codeBuild()
                        .batchGetProjects(r -> r.names("armrunner-main"))
                        .projects()
                        .getFirst();
        assertThat(project.environment().typeAsString()).isEqualTo("ARM_CONTAINER");
        assertThat(project.autoRetryLimit()).isZero();
        assertThat(project.concurrentBuildLimit()).isNull();
        var s3 = clients.s3();
        assertThat(s3.getBucketVersioning(r -> r.bucket(installation.bucket())).statusAsString())
                .isEqualTo("Enabled");
        assertThat(
                        s3.getPublicAccessBlock(r -> r.bucket(installation.bucket()))
                                .publicAccessBlockConfiguration()
                                .restrictPublicBuckets())
                .isTrue();
        assertThat(clients.logs().describeLogGroups().logGroups().getFirst().retentionInDays())
                .isEqualTo(7);
    }

    @Test
    void whatDriftedIsNamedAndPutRight() throws Exception {
        apply(installation, clients);
        clients.iam()
                .putRolePolicy(r ->
                        r.roleName(installation.role())
                                .policyName("build")
                                .policyDocument(
                                        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}"));
        clients.s3().deleteBucketLifecycle(r -> r.bucket(installation.bucket()));
        Installation larger = installation.withSize(BuildSize.LARGE);

        assertThat(plan(larger, clients))
                .containsExactly(
                        "update  role armrunner-main-build-eu-west-3 (policy build)",
                        "update  bucket armrunner-main-123456789012-eu-west-3 (lifecycle)",
                        "keep    log group /armrunner/main/boot",
                        "update  project armrunner-main (size)");
        apply(larger, clients);
        assertThat(plan(larger, clients)).allMatch(line -> line.startsWith("keep"));
        assertThat(
                        clients.codeBuild()
                                .batchGetProjects(r -> r.names("armrunner-main"))
                                .projects()
                                .getFirst()
                                .environment()
                                .computeType())
                .isEqualTo(ComputeType.BUILD_GENERAL1_LARGE);
    }

    @Test
    void aNewRoleThatIsNotKnownYetIsWaitedFor() throws Exception {
        // Of the fake's time; here they are 10 s, in which the first try has to come.
        aws.rolesSettleIn(Duration.ofSeconds(1000));

        apply(installation, clients);

        assertThat(aws.count("codebuild:CreateProject")).isGreaterThan(1);
        assertThat(plan(installation, clients)).allMatch(line -> line.startsWith("keep"));
    }

    @Test
    void whatIsNotOursStaysAsItIs() throws Exception {
        clients.logs().createLogGroup(r -> r.logGroupName(installation.logGroup()));

        assertThatThrownBy(() -> plan(installation, clients))
                .isInstanceOf(SetupException.class)
                .hasMessage(
                        "The log group /armrunner/main/boot is there already and has no tag armrunner=main: it stays as it is. Take another --name, or tag it if it is yours.");
        List<String> plan =
                new Teardown(installation, clients).plan().stream().map(Object::toString).toList();
        assertThat(plan)
                .containsExactly("leave   log group /armrunner/main/boot (not tagged as ours)");
        new Teardown(installation, clients).apply(_ -> {});
        assertThat(clients.logs().describeLogGroups().logGroups()).hasSize(1);
    }

    @Test
    void tearingDownTakesEverythingAndNothingElse() throws Exception {
        Installation other = Installation.of("other", "eu-west-3", aws.account());
        apply(installation, clients);
        apply(other, clients);
        for (int i = 0; i < 3; i++) {
            clients.s3()
                    .putObject(
                            r -> r.bucket(installation.bucket()).key("agent/x"),
                            RequestBody.fromString("x"));
        }
        List<String> done = new ArrayList<>();
        new Teardown(installation, clients).apply(done::add);

        assertThat(done)
                .containsExactly(
                        "deleted project armrunner-main",
                        "deleted log group /armrunner/main/boot",
                        "deleted bucket armrunner-main-123456789012-eu-west-3",
                        "deleted role armrunner-main-build-eu-west-3");
        assertThat(new Teardown(installation, clients).plan()).isEmpty();
        assertThat(plan(other, clients)).allMatch(line -> line.startsWith("keep"));
    }

    @Test
    void tearingDownWaitsForRunningBuilds() throws Exception {
        apply(installation, clients);
        String id =
                clients.codeBuild()
                        .startBuild(r ->
                                r.projectName("armrunner-main")
                                        .buildspecOverride(
                                                "version: 0.2\nphases: {build: {commands: ['sleep 600']}}"))
                        .build()
                        .id();

        assertThatThrownBy(() -> new Teardown(installation, clients).plan())
                .isInstanceOf(SetupException.class)
                .hasMessageContaining("1 builds of the project are running, " + id);
        clients.codeBuild().stopBuild(r -> r.id(id));
    }

    @Test
    void theInstallersRightsAreEnoughAndEachIsNeeded() throws Exception {
        try (AwsClients limited = as(installerPolicy())) {
            apply(installation, limited);
            assertThat(plan(installation, limited)).allMatch(line -> line.startsWith("keep"));
            new Teardown(installation, limited).apply(_ -> {});
        }
        String without = installerPolicy().replace("\"iam:PassRole\"", "\"iam:GetRole\"");
        try (AwsClients limited = as(without)) {
            assertThatThrownBy(() -> apply(installation, limited))
                    .isInstanceOf(SetupException.class)
                    .hasMessage(
                            "Could not set up the project armrunner-main in eu-west-3: arn:aws:iam::123456789012:user/limited may not do iam:PassRole on arn:aws:iam::123456789012:role/armrunner-main-build-eu-west-3. Add that to its policy.");
        }
    }

    @Test
    void aNetworkIsLookedAtBeforeItIsUsed() throws Exception {
        var network = aws.region().network();
        network.subnet("vpc-1", "subnet-a", "eu-west-3a", false);
        network.subnet("vpc-2", "subnet-b", "eu-west-3b", false);
        network.subnet("vpc-1", "subnet-open", "eu-west-3a", true);
        network.securityGroup("vpc-1", "sg-1");

        Installation good =
                installation.withNetwork(
                        new Installation.Network("vpc-1", List.of("subnet-a"), List.of("sg-1")));
        apply(good, clients);
        assertThat(plan(good, clients)).allMatch(line -> line.startsWith("keep"));
        assertThat(clients.iam().listRolePolicies(r -> r.roleName(good.role())).policyNames())
                .containsExactly("build", "network");
        assertThatThrownBy(() -> plan(with("subnet-b"), clients))
                .hasMessageContaining("Not in the network vpc-1: {subnet-b=vpc-2}");
        assertThatThrownBy(() -> plan(with("subnet-open"), clients))
                .hasMessageContaining("subnet-open is a public one");
        assertThatThrownBy(() -> plan(with("subnet-none"), clients))
                .hasMessageContaining("The subnet ID 'subnet-none' does not exist");
    }

    private Installation with(String subnet) {
        return installation.withNetwork(
                new Installation.Network("vpc-1", List.of(subnet), List.of("sg-1")));
    }

    @Test
    @Tag("CB-70")
    void aRegionWithoutArmNamesTheNearestThatHave() {
        assertThatThrownBy(
                        () -> plan(Installation.of("main", "eu-central-2", aws.account()), clients))
                .hasMessage(
                        "CodeBuild has no arm64 builds in eu-central-2. The nearest regions that have are eu-central-1, eu-south-1, eu-west-3: give one with --region.");
    }

    @Test
    void theFirstRegionOfTheListThatWorksIsTaken() throws Exception {
        aws.region("eu-west-1").down(true);

        Regions.Choice choice =
                Regions.choose(
                        aws.place(),
                        List.of("eu-central-2", "eu-west-1", "eu-west-3", "us-east-1"),
                        BuildSize.SMALL);

        assertThat(choice.place().region()).isEqualTo("eu-west-3");
        assertThat(choice.account()).isEqualTo("123456789012");
        assertThat(choice.passedOver()).hasSize(2);
        assertThat(choice.passedOver().getFirst()).contains("no arm64 builds");
        assertThat(choice.passedOver().getLast()).contains("eu-west-1", "ServiceUnavailable");
    }

    private AwsClients inIreland() {
        return AwsClients.open(aws.place().in("eu-west-1"));
    }

    private Installation onLambda() {
        return Installation.of("main", "eu-west-1", aws.account()).withSize(BuildSize.LAMBDA_1GB);
    }

    private static Project project(AwsClients there) {
        return there.codeBuild()
                .batchGetProjects(r -> r.names("armrunner-main"))
                .projects()
                .getFirst();
    }

    @Test
    void aProjectTurnsToLambdaComputeAndBack() throws Exception {
        try (AwsClients there = inIreland()) {
            apply(onLambda(), there);
            assertThat(plan(onLambda(), there)).allMatch(line -> line.startsWith("keep"));
            assertThat(project(there).environment().typeAsString())
                    .isEqualTo("ARM_LAMBDA_CONTAINER");
            assertThat(project(there).environment().computeTypeAsString())
                    .isEqualTo("BUILD_LAMBDA_1GB");
            assertThat(project(there).timeoutInMinutes()).isNull();

            Installation small = onLambda().withSize(BuildSize.SMALL);
            assertThat(plan(small, there))
                    .contains("update  project armrunner-main (type, image, size)");
            apply(small, there);
            assertThat(plan(small, there)).allMatch(line -> line.startsWith("keep"));
            assertThat(project(there).timeoutInMinutes()).isEqualTo(ProjectPart.TIMEOUT_MINUTES);

            apply(onLambda(), there);
            assertThat(plan(onLambda(), there)).allMatch(line -> line.startsWith("keep"));
            assertThat(project(there).timeoutInMinutes()).isNull();
        }
    }

    @Test
    @Tag("CB-70")
    void aRegionWithoutLambdaComputeIsPassedOver() throws Exception {
        Installation paris = installation.withSize(BuildSize.LAMBDA_4GB);
        assertThatThrownBy(() -> plan(paris, clients))
                .hasMessage(
                        "CodeBuild has no builds on Lambda compute in eu-west-3. The nearest regions that have are eu-west-1, eu-central-1: give one with --region.");

        Regions.Choice choice =
                Regions.choose(
                        aws.place(), List.of("eu-west-3", "eu-west-1"), BuildSize.LAMBDA_4GB);
        assertThat(choice.place().region()).isEqualTo("eu-west-1");
        assertThat(choice.passedOver().getFirst())
                .isEqualTo(
                        "eu-west-3: CodeBuild has no builds on Lambda compute there; near it are eu-west-1, eu-central-1");
    }

    @Test
    void anInstallationIsNotWhatLambdaComputeCannotBe() {
        Installation.Network network =
                new Installation.Network("vpc-1", List.of("subnet-1"), List.of("sg-1"));
        assertThatThrownBy(() -> onLambda().withNetwork(network))
                .hasMessageContaining("Lambda compute (lambda-1gb) has no network of your own");
        assertThatThrownBy(() ->
                        new Installation(
                                "main",
                                "eu-west-1",
                                aws.account(),
                                BuildSize.LAMBDA_1GB,
                                Installation.CONTAINER_IMAGE,
                                Optional.empty(),
                                Optional.empty(),
                                List.of(),
                                7))
                .hasMessageContaining("cannot run on Lambda compute");
    }

    @Test
    @Tag("CB-67")
    void theCheckKnowsLambdaCompute() throws Exception {
        try (AwsClients there = inIreland()) {
            apply(onLambda(), there);
            aws.region("eu-west-1").quotas().limit(BuildSize.LAMBDA_1GB, 1);
            List<Check.Finding> ofProject = new ArrayList<>();
            Installation unsaid = Installation.of("main", "eu-west-1", aws.account());

            assertThat(
                            new Check(unsaid, there, "n1", QUICK, ofProject::add)
                                    .ofProjectsSize()
                                    .run(false))
                    .isTrue();
            assertThat(ofProject)
                    .extracting(Check.Finding::toString)
                    .contains("ok     region eu-west-1: has builds on Lambda compute")
                    .anyMatch(line ->
                            line.startsWith(
                                            "note   builds at once, size lambda-1gb: 1: jobs run one after the other")
                                    && line.contains("builds for ARM Lambda\" (code L-FD92223D)"))
                    .noneMatch(line -> line.contains("size small"))
                    .noneMatch(line -> line.contains("is not as codebuild setup makes it"));
        }
    }

    @Test
    void theCheckSaysWhereLambdaComputeIsNotToBeHad() throws Exception {
        apply(installation, clients);
        List<Check.Finding> findings = new ArrayList<>();
        Installation asked = installation.withSize(BuildSize.LAMBDA_2GB);
        assertThat(new Check(asked, clients, "n1", QUICK, findings::add).run(false)).isFalse();
        assertThat(findings)
                .extracting(Check.Finding::toString)
                .contains(
                        "ERROR  region eu-west-3: has no builds on Lambda compute; the nearest that have are eu-west-1, eu-central-1");

        clients.codeBuild()
                .updateProject(r ->
                        r.name("armrunner-main")
                                .vpcConfig(v ->
                                        v.vpcId("vpc-1")
                                                .subnets("subnet-1")
                                                .securityGroupIds("sg-1")));
        assertThat(new Check(asked, clients, "n2", QUICK, findings::add).run(false)).isFalse();
        assertThat(findings)
                .extracting(Check.Finding::toString)
                .anyMatch(line ->
                        line.contains(
                                "has a network of its own, which Lambda compute (lambda-2gb) has not"));
    }

    @Test
    void aRealBuildOnLambdaComputeNeedsNoProjectOfItsOwn() throws Exception {
        try (AwsClients there = inIreland()) {
            apply(onLambda().withSize(BuildSize.SMALL), there);
            List<Check.Finding> findings = new ArrayList<>();
            boolean _ = new Check(onLambda(), there, "n1", QUICK, findings::add).run(true);

            var build = aws.region("eu-west-1").codeBuild().builds().getFirst();
            assertThat(build.environment().typeAsString()).isEqualTo("ARM_LAMBDA_CONTAINER");
            assertThat(findings.getLast().what()).isEqualTo("a real build");
            assertThat(findings)
                    .extracting(Check.Finding::toString)
                    .contains("ok     project armrunner-main: as codebuild setup makes it");
        }
    }

    @Test
    void theManagersRightsAreEnoughForEveryCheck() throws Exception {
        apply(installation, clients);
        List<Check.Finding> findings = new ArrayList<>();
        try (AwsClients manager = as(managerPolicy())) {
            assertThat(new Check(installation, manager, "n1", QUICK, findings::add).run(true))
                    .isFalse();
        }

        assertThat(findings)
                .filteredOn(finding -> finding.level() == Check.Finding.Level.ERROR)
                // The fake's build ran on this machine.
                .extracting(Check.Finding::what)
                .isSubsetOf("a real build");
        assertThat(findings).extracting(Check.Finding::what).contains("builds at once, size small");
        var left = clients.s3().listObjectVersions(r -> r.bucket(installation.bucket()));
        assertThat(left.versions()).isEmpty();
        assertThat(left.deleteMarkers()).isEmpty();
    }

    @Test
    @Tag("CB-68")
    void aMissingRightIsNamedWithItsResource() throws Exception {
        apply(installation, clients);
        for (String action :
                List.of(
                        "codebuild:StartBuild",
                        "codebuild:StopBuild",
                        "codebuild:BatchGetBuilds",
                        "codebuild:ListBuildsForProject",
                        "s3:PutObject",
                        "s3:GetObject",
                        "s3:DeleteObject",
                        "s3:DeleteObjectVersion",
                        "s3:ListBucketVersions",
                        "logs:GetLogEvents")) {
            List<Check.Finding> findings = new ArrayList<>();
            String policy = managerPolicy().replace("\"" + action + "\"", "\"x:none\"");
            try (AwsClients manager = as(policy)) {
                boolean good =
                        new Check(installation, manager, "n1", QUICK, findings::add).run(false);
                assertThat(good).as(action).isFalse();
            }
            assertThat(findings)
                    .as(action)
                    .anySatisfy(finding -> {
                        assertThat(finding.level()).isEqualTo(Check.Finding.Level.ERROR);
                        assertThat(finding.text())
                                .contains("may not do " + action + " on arn:aws:", "in eu-west-3");
                    });
        }
    }

    @Test
    void theQuotaIsReadAndExplained() throws Exception {
        apply(installation, clients);
        assertThat(Check.meaning(0, BuildSize.SMALL, "eu-west-3"))
                .contains("may not run", "L-5ED1D25B");
        assertThat(Check.meaning(1, BuildSize.LARGE, "eu-west-3"))
                .contains("one after the other", "--quota-code L-596BEAB4", "--region eu-west-3");
        assertThat(Check.meaning(60, BuildSize.SMALL, "eu-west-3")).startsWith("60: so many");
        aws.region().quotas().limit(BuildSize.SMALL, 1);
        List<Check.Finding> findings = new ArrayList<>();

        assertThat(new Check(installation, clients, "n1", QUICK, findings::add).run(false))
                .isTrue();

        assertThat(findings)
                .anySatisfy(finding -> {
                    assertThat(finding.level()).isEqualTo(Check.Finding.Level.NOTE);
                    assertThat(finding.text()).startsWith("1: jobs run one after the other");
                });
    }

    @Test
    void withoutASetupTheCheckSaysWhatToRun() throws Exception {
        List<Check.Finding> findings = new ArrayList<>();

        assertThat(new Check(installation, clients, "n1", QUICK, findings::add).run(false))
                .isFalse();

        assertThat(findings.getLast().toString())
                .isEqualTo(
                        "ERROR  project armrunner-main: there is none in eu-west-3; run armrunner codebuild setup --name main --region eu-west-3");
    }

    @Test
    @Tag("CB-68")
    void wrongKeysAreToldWithoutAStackTrace() {
        AwsPlace wrong = aws.place(new AwsPlace.Keys("AKIANOBODY", Secret.of("x"), Secret.NONE));
        assertThatThrownBy(() -> Regions.choose(wrong, List.of("eu-west-3"), BuildSize.SMALL))
                .hasMessageContaining(
                        "Could not ask AWS who we are in eu-west-3: AWS does not know the access key");
        AwsPlace nowhere =
                new AwsPlace(
                        "eu-west-3",
                        Optional.of(URI.create("http://127.0.0.1:1")),
                        Optional.empty(),
                        aws.place().keys());
        assertThatThrownBy(() -> Regions.choose(nowhere, List.of("eu-west-3"), BuildSize.SMALL))
                .hasMessageContaining("Check this machine's way to AWS");
    }

    @Test
    void namesThatAwsWouldNotTakeAreRefusedAtOnce() {
        for (String name : List.of("", "Main", "-x", "x-", "a".repeat(21), "a_b")) {
            assertThatThrownBy(() -> Installation.of(name, "eu-west-3", "123456789012"))
                    .as(name)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("small letters, digits and dashes");
        }
    }

    @Test
    @Tag("CB-16")
    void aBuildOfTheInstallationReachesItsOwnPrefixOnly() throws Exception {
        Map<String, Map<String, String>> environments = new ConcurrentHashMap<>();
        FakeAwsSettings waiting =
                FakeAwsSettings.of(directory, Map.of("PATH", "/usr/bin:/bin"), new Random(2))
                        .withSpeed(100)
                        .withWork(step -> {
                            environments.put(step.buildArn(), step.environment());
                            step.killed().join();
                            return 0;
                        });
        try (FakeAws other = FakeAws.start(loops, waiting);
                AwsClients owner = AwsClients.open(other.place())) {
            new Setup(installation, owner).apply(_ -> {});
            String bucket = installation.bucket();
            List<String> arns = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                arns.add(
                        owner.codeBuild()
                                .startBuild(r -> r.projectName(installation.project()))
                                .build()
                                .arn());
            }
            await().atMost(Duration.ofSeconds(60)).until(() -> environments.size() == 2);
            String foreign = "jobs/" + arns.getLast() + "/payload.json";
            String own = "jobs/" + arns.getFirst() + "/payload.json";
            for (String key : List.of(own, foreign, "agent/1.zip")) {
                owner.s3().putObject(r -> r.bucket(bucket).key(key), RequestBody.fromString(key));
            }
            try (AwsClients build =
                    AwsClients.open(
                            other.place(
                                    keys(environments.getOrDefault(arns.getFirst(), Map.of()))))) {
                var s3 = build.s3();
                assertThat(s3.getObjectAsBytes(r -> r.bucket(bucket).key(own)).asUtf8String())
                        .isEqualTo(own);
                assertThat(
                                s3.getObjectAsBytes(r -> r.bucket(bucket).key("agent/1.zip"))
                                        .asUtf8String())
                        .isEqualTo("agent/1.zip");
                s3.putObject(
                        r ->
                                r.bucket(bucket)
                                        .key("jobs/" + arns.getFirst() + "/claim")
                                        .serverSideEncryption("aws:kms")
                                        .ifNoneMatch("*"),
                        RequestBody.fromString("x"));
                String version = owner.s3().headObject(r -> r.bucket(bucket).key(own)).versionId();
                s3.deleteObject(r -> r.bucket(bucket).key(own).versionId(version));
                s3.deleteObject(r -> r.bucket(bucket).key(own));
                denied(
                        "s3:GetObject",
                        () -> s3.getObjectAsBytes(r -> r.bucket(bucket).key(foreign)));
                denied(
                        "s3:PutObject",
                        () ->
                                s3.putObject(
                                        r -> r.bucket(bucket).key(foreign), RequestBody.empty()));
                denied(
                        "s3:DeleteObject",
                        () -> s3.deleteObject(r -> r.bucket(bucket).key(foreign)));
                denied(
                        "s3:PutObject",
                        () ->
                                s3.putObject(
                                        r -> r.bucket(bucket).key("agent/1.zip"),
                                        RequestBody.empty()));
                denied(
                        "s3:GetObject",
                        () -> s3.getObjectAsBytes(r -> r.bucket(bucket).key("cache/project/1/x")));
                denied("s3:ListBucket", () -> s3.listObjectsV2(r -> r.bucket(bucket)));
                denied(
                        "codebuild:StopBuild",
                        () -> build.codeBuild().stopBuild(r -> r.id(arns.getLast())));
                denied(
                        "ssm:GetParameter",
                        () -> build.ssm().getParameter(r -> r.name("/armrunner/x")));
                // Not even the owner may put a payload that the key does not guard.
                assertThatThrownBy(() ->
                                owner.s3()
                                        .putObject(
                                                r ->
                                                        r.bucket(bucket)
                                                                .key(foreign)
                                                                .serverSideEncryption("AES256"),
                                                RequestBody.fromString("x")))
                        .hasMessageContaining("explicit deny in a resource-based policy");
            }
        }
    }

    private static final String PRIVATE =
            "123456789012.dkr.ecr.eu-west-3.amazonaws.com/ci/python:3.14";

    private Check.Finding pulled(Installation wanted, String image) throws Exception {
        List<Check.Finding> findings = new ArrayList<>();
        boolean _ =
                new Check(wanted, clients, "n" + aws.calls().size(), QUICK, findings::add)
                        .inImage(image)
                        .run(true);
        return findings.getLast();
    }

    @Test
    void aBuildPullsFromThePrivateRepositoriesThatAreNamedAndFromNoOther() throws Exception {
        apply(installation, clients);
        assertThat(pulled(installation, PRIVATE).toString())
                .contains(
                        "ERROR  a real build: FAILED: BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE",
                        "is not authorized to perform: ecr:GetAuthorizationToken on resource: *");

        Installation with = installation.withRepositories(List.of("ci/python"));
        assertThat(plan(with, clients))
                .contains("update  role armrunner-main-build-eu-west-3 (policy images)");
        apply(with, clients);
        assertThat(plan(with, clients)).allMatch(line -> line.startsWith("keep"));

        // The fake's build ran on this machine, so it got as far as that.
        assertThat(pulled(with, PRIVATE).text()).doesNotContain("UNABLE_TO_PULL");
        assertThat(pulled(with, PRIVATE.replace("/python", "/python-2")).text())
                .contains(
                        "is not authorized to perform: ecr:BatchCheckLayerAvailability on resource: arn:aws:ecr:eu-west-3:123456789012:repository/ci/python-2 because no identity-based policy allows");

        assertThat(plan(installation, clients))
                .contains(
                        "update  role armrunner-main-build-eu-west-3 (policy images, which goes)");
        apply(installation, clients);
        assertThat(
                        clients.iam()
                                .listRolePolicies(r -> r.roleName(installation.role()))
                                .policyNames())
                .containsExactly("build");
    }

    @Test
    void theCheckSaysWhichPrivateImagesTheRoleMayPull() throws Exception {
        String other = "arn:aws:ecr:eu-west-1:999999999999:repository/base";
        Installation with = installation.withRepositories(List.of("ci/python", other));
        try (AwsClients installer = as(installerPolicy(), managerPolicy())) {
            apply(with, installer);
            // Whoever does not name them is told of those that the role has.
            for (Installation asked : List.of(with, installation)) {
                List<Check.Finding> findings = new ArrayList<>();
                assertThat(new Check(asked, installer, "n1", QUICK, findings::add).run(false))
                        .isTrue();
                assertThat(findings)
                        .extracting(Check.Finding::toString)
                        .contains(
                                "ok     role armrunner-main-build-eu-west-3: as codebuild setup makes it",
                                "ok     images of arn:aws:ecr:eu-west-3:123456789012:repository/ci/python: the role of builds may pull them",
                                "ok     images of "
                                        + other
                                        + ": the role of builds may pull them, if the policy of that account's repository lets it");
            }
            List<Check.Finding> findings = new ArrayList<>();
            Installation more = installation.withRepositories(List.of("ci/rust"));
            assertThat(new Check(more, installer, "n2", QUICK, findings::add).run(false)).isFalse();
            assertThat(findings)
                    .extracting(Check.Finding::toString)
                    .contains(
                            "ERROR  images of arn:aws:ecr:eu-west-3:123456789012:repository/ci/rust: the role armrunner-main-build-eu-west-3 may not do ecr:BatchCheckLayerAvailability, ecr:GetDownloadUrlForLayer, ecr:BatchGetImage; name the repository with --ecr in armrunner codebuild setup");
        }
        String without = installerPolicy().replace("\"iam:SimulatePrincipalPolicy\"", "\"x:y\"");
        try (AwsClients installer = as(without, managerPolicy())) {
            List<Check.Finding> findings = new ArrayList<>();
            assertThat(new Check(with, installer, "n3", QUICK, findings::add).run(false)).isTrue();
            assertThat(findings)
                    .extracting(Check.Finding::toString)
                    .anyMatch(line ->
                            line.startsWith("note   images of arn:aws:ecr:eu-west-3")
                                    && line.contains("may not do iam:SimulatePrincipalPolicy on"));
        }
    }

    @Test
    void aRepositoryIsNamedByItselfOrNotAtAll() {
        assertThat(installation.withRepositories(List.of("ci/python", "ci/python")).repositories())
                .containsExactly("arn:aws:ecr:eu-west-3:123456789012:repository/ci/python");
        for (String word :
                List.of(
                        "",
                        "*",
                        "ci/*",
                        "Ci",
                        "ci/python:3",
                        PRIVATE,
                        "arn:aws:ecr:eu-west-3:123456789012:repository/*",
                        "a\",\"b")) {
            assertThatThrownBy(() -> installation.withRepositories(List.of(word)))
                    .as(word)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("is no repository of ECR");
        }
    }

    private static void denied(String action, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        SdkException.class,
                        e -> {
                            assertThat(AwsFailure.isDenied(e)).isTrue();
                            assertThat(AwsFailure.missingAction(e)).contains(action);
                        });
    }

    private static AwsPlace.Keys keys(Map<String, String> environment) throws Exception {
        URI uri = URI.create(environment.getOrDefault("AWS_CONTAINER_CREDENTIALS_FULL_URI", ""));
        JsonNode json;
        try (var in = uri.toURL().openStream()) {
            json = new ObjectMapper().readTree(in);
        }
        return new AwsPlace.Keys(
                json.path("AccessKeyId").asText(),
                Secret.of(json.path("SecretAccessKey").asText()),
                Secret.of(json.path("Token").asText()));
    }
}
