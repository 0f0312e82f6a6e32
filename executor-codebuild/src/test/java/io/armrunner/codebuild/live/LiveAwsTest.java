package io.armrunner.codebuild.live;

import static io.armrunner.codebuild.live.LiveAccount.phase;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.armrunner.codebuild.aws.ArmRegions;
import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.AwsFailure;
import io.armrunner.codebuild.aws.BuildSize;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.codebuild.model.Build;
import software.amazon.awssdk.services.codebuild.model.EnvironmentVariable;
import software.amazon.awssdk.services.codebuild.model.StartBuildRequest;
import software.amazon.awssdk.services.codebuild.model.StatusType;
import software.amazon.awssdk.services.iam.model.ContextEntry;

/**
 * Asks a real account what no document says. Only with {@code ARMRUNNER_LIVE_AWS=1}, a region in
 * {@code AWS_REGION}, credentials with the installer's and the manager's rights, and money: {@code
 * ARMRUNNER_LIVE_AWS_CEILING} US dollars at most, 2 when not given. Answers are in
 * target/live-aws.md; an assertion is only where the product relies on one answer.
 */
@EnabledIfEnvironmentVariable(named = "ARMRUNNER_LIVE_AWS", matches = "1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(1800)
class LiveAwsTest {
    private final LiveAccount account;

    LiveAwsTest() throws Exception {
        String ceiling = System.getenv().getOrDefault("ARMRUNNER_LIVE_AWS_CEILING", "2");
        account =
                new LiveAccount(
                        System.getenv().getOrDefault("AWS_REGION", "us-east-1"),
                        Optional.ofNullable(System.getenv("AWS_PROFILE")),
                        Double.parseDouble(ceiling));
    }

    @BeforeAll
    void aBuildRunsOnAarch64() {
        assertThat(account.run("[ \"$(uname -m)\" = aarch64 ]").buildStatus())
                .isEqualTo(StatusType.SUCCEEDED);
    }

    @AfterAll
    void takeItAllAway() throws Exception {
        account.takeAway();
    }

    private String bucket() {
        return account.installation.bucket();
    }

    @Test
    void question01TheRoleReachesItsOwnPrefixOnly() throws Exception {
        Build build =
                account.run(
                        """
                        echo x > x; own=jobs/$CODEBUILD_BUILD_ARN
                        may() { "$@" > out 2>&1 && echo "ANSWER allowed $what" || echo "ANSWER refused $what: $(tail -1 out)"; }
                        what=put-own;     may aws s3api put-object --bucket %1$s --key "$own/x" --body x --server-side-encryption aws:kms
                        what=get-own;     may aws s3api get-object --bucket %1$s --key "$own/x" y
                        what=delete-own;  may aws s3api delete-object --bucket %1$s --key "$own/x"
                        what=put-other;   may aws s3api put-object --bucket %1$s --key "${own}0/x" --body x --server-side-encryption aws:kms
                        what=get-other;   may aws s3api get-object --bucket %1$s --key "${own}0/x" y
                        what=list;        may aws s3api list-objects-v2 --bucket %1$s
                        what=put-agent;   may aws s3api put-object --bucket %1$s --key agent/x --body x
                        what=builds;      may aws codebuild list-builds
                        what=parameters;  may aws ssm get-parameter --name /armrunner/x
                        """
                                .formatted(bucket()));
        String answers = account.said(build, "ANSWER");
        account.report(1, answers);
        assertThat(answers)
                .contains("allowed put-own", "allowed get-own", "allowed delete-own")
                .contains("refused put-other", "refused get-other", "refused list")
                .contains("refused put-agent", "refused builds", "refused parameters");
    }

    @Test
    void question02AnS3SourceIsPinnedByItsVersion() throws Exception {
        byte[] noise = new byte[45 << 20];
        new Random(1).nextBytes(noise);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.putNextEntry(new ZipEntry("boot.sh"));
            zip.write(
                    "echo ANSWER first version; ls -l \"$0\" | sed 's/^/ANSWER /'\n"
                            .getBytes(UTF_8));
            zip.putNextEntry(new ZipEntry("noise"));
            zip.write(noise);
        }
        String version =
                account.clients
                        .s3()
                        .putObject(
                                r -> r.bucket(bucket()).key("agent/live.zip"),
                                RequestBody.fromBytes(bytes.toByteArray()))
                        .versionId();
        account.clients
                .s3()
                .putObject(
                        r -> r.bucket(bucket()).key("agent/live.zip"),
                        RequestBody.fromString("no zip"));
        Build build =
                account.ended(
                        account.start(
                                r ->
                                        r.sourceTypeOverride("S3")
                                                .sourceLocationOverride(
                                                        bucket() + "/agent/live.zip")
                                                .sourceVersion(version),
                                "sh \"$CODEBUILD_SRC_DIR/boot.sh\""));
        account.report(
                2,
                "%s; 45 MB fetched and unpacked in %s s"
                        .formatted(
                                account.said(build, "ANSWER"),
                                phase(build, "DOWNLOAD_SOURCE").durationInSeconds()));
        assertThat(build.buildStatus()).isEqualTo(StatusType.SUCCEEDED);
    }

    @Test
    void question03WhatAStopSends() throws Exception {
        Build build =
                account.start(
                        _ -> {},
                        "note() { echo $1 > n; aws s3api put-object --bucket %1$s --key jobs/$CODEBUILD_BUILD_ARN/$1 --body n --server-side-encryption aws:kms; }; trap 'note TERM' TERM; trap 'note INT' INT; note ready; while :; do sleep 1; done"
                                .formatted(bucket()));
        String prefix = "jobs/" + build.arn() + "/";
        await().atMost(Duration.ofMinutes(5))
                .pollInterval(Duration.ofSeconds(2))
                .until(() -> !keys(prefix).isEmpty());
        Instant asked = Instant.now();
        account.clients.codeBuild().stopBuild(r -> r.id(build.id()));
        Build stopped = account.ended(build);
        account.report(
                3,
                "signals seen: %s; %s after %d s; phases %s"
                        .formatted(
                                keys(prefix),
                                stopped.buildStatusAsString(),
                                Duration.between(asked, Instant.now()).toSeconds(),
                                stopped.phases().stream()
                                        .map(p ->
                                                p.phaseTypeAsString()
                                                        + "="
                                                        + p.phaseStatusAsString())
                                        .toList()));
        assertThat(stopped.buildStatus()).isEqualTo(StatusType.STOPPED);
    }

    private List<String> keys(String prefix) {
        return account
                .clients
                .s3()
                .listObjectsV2(r -> r.bucket(bucket()).prefix(prefix))
                .contents()
                .stream()
                .map(object -> object.key().substring(prefix.length()))
                .toList();
    }

    @Test
    void question04And05DockerInsideABuild() throws Exception {
        Build build =
                account.ended(
                        account.start(
                                r -> r.privilegedModeOverride(true),
                                """
                                echo "ANSWER kernel $(uname -r), $(docker info 2>/dev/null | grep 'Storage Driver')"
                                start=$(date +%s); docker pull -q public.ecr.aws/docker/library/python:3.13-slim; echo "ANSWER pulled in $(( $(date +%s) - start )) s"
                                try() { docker run --rm public.ecr.aws/docker/library/python:3.13-slim python -c 'import urllib.request,sys; print(urllib.request.urlopen("http://169.254.170.2/", timeout=3).status)' 2>&1 | tail -1; }
                                echo "ANSWER credentials endpoint from a container: $(try)"
                                iptables -I DOCKER-USER -d 169.254.170.2 -j REJECT && echo "ANSWER with the rule: $(try)"
                                """));
        Build plain =
                account.run(
                        "docker info > /dev/null 2>&1 && echo ANSWER daemon || echo ANSWER no daemon");
        String answers = account.said(build, "ANSWER");
        account.report(4, answers + "; without privileges: " + account.said(plain, "ANSWER"));
        account.report(5, "see 4");
        assertThat(answers).contains("pulled in");
    }

    @Test
    void question06RatesAndTheQueue() throws Exception {
        int throttled = 0;
        Instant start = Instant.now();
        for (int i = 0; i < 60; i++) {
            try {
                String nobody =
                        account.installation.project() + ":00000000-0000-4000-8000-000000000000";
                account.clients.codeBuildOnce().batchGetBuilds(r -> r.ids(nobody));
            } catch (SdkException e) {
                throttled++;
            }
        }
        long millis = Duration.between(start, Instant.now()).toMillis();
        // Builds that wait cost nothing; they are stopped before they run.
        List<Build> waiting = new ArrayList<>();
        String refusal = "none";
        try {
            while (waiting.size() < 8) {
                waiting.add(account.start(_ -> {}, "true"));
            }
        } catch (SdkException e) {
            refusal = AwsFailure.describe("start a build", account.clients.place(), e);
        } finally {
            waiting.forEach(build -> account.clients.codeBuild().stopBuild(r -> r.id(build.id())));
            waiting.forEach(account::ended);
        }
        account.report(
                6,
                "60 BatchGetBuilds in %d ms, %d throttled; %d builds accepted, refusal: %s"
                        .formatted(millis, throttled, waiting.size(), refusal));
    }

    @Test
    void question07Prices() throws Exception {
        JsonNode offers;
        try (var in =
                URI.create(
                                "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/CodeBuild/current/%s/index.json"
                                        .formatted(account.installation.region()))
                        .toURL()
                        .openStream()) {
            offers = new ObjectMapper().readTree(in);
        }
        TreeMap<String, String> prices = new TreeMap<>();
        for (JsonNode product : offers.path("products")) {
            String type = product.at("/attributes/usagetype").asText();
            if (type.contains("Build-Min:ARM")) {
                JsonNode terms =
                        offers.path("terms").path("OnDemand").path(product.path("sku").asText());
                prices.put(type, terms.findValues("USD").toString());
            }
        }
        account.report(7, prices.toString());
        assertThat(prices).isNotEmpty();
    }

    @Test
    void question08HowLongAVariableMayBe() throws Exception {
        StringBuilder answers = new StringBuilder();
        for (int length : new int[] {4096, 4097, 32768}) {
            try {
                Build build =
                        account.start(
                                r ->
                                        r.environmentVariablesOverride(
                                                List.of(
                                                        EnvironmentVariable.builder()
                                                                .name("ARMRUNNER_X")
                                                                .value("x".repeat(length))
                                                                .build())),
                                "true");
                account.clients.codeBuild().stopBuild(r -> r.id(build.id()));
                account.ended(build);
                answers.append(length).append(" accepted; ");
            } catch (SdkException e) {
                answers.append(length).append(' ').append(AwsFailure.code(e)).append("; ");
            }
        }
        account.report(8, answers.toString());
    }

    @Test
    void question09And11HowLateALineComesAndIntoWhoseGroup() throws Exception {
        Build build =
                account.start(
                        _ -> {},
                        "for i in 1 2 3 4 5 6; do echo \"ANSWER $(date +%s)\"; sleep 5; done");
        Build last = account.ended(build);
        List<Long> delays =
                account
                        .clients
                        .logs()
                        .getLogEvents(r ->
                                r.logGroupName(account.installation.logGroup())
                                        .logStreamName(last.logs().streamName())
                                        .startFromHead(true))
                        .events()
                        .stream()
                        .filter(event -> event.message().startsWith("ANSWER "))
                        .map(event ->
                                event.ingestionTime() / 1000
                                        - Long.parseLong(event.message().substring(7).strip()))
                        .toList();
        account.report(9, "seconds until CloudWatch had a line: " + delays);
        account.report(
                11,
                "the role has no logs:CreateLogGroup, and the group got "
                        + delays.size()
                        + " of 6 lines");
        assertThat(delays).isNotEmpty();
    }

    @Test
    void question10WhatARegionWithoutArmSays() throws Exception {
        try (AwsClients zurich = AwsClients.open(account.clients.place().in("eu-central-2"))) {
            String answer = "accepted";
            try {
                zurich.codeBuild()
                        .createProject(r ->
                                r.name("armrunner-live-test")
                                        .serviceRole(account.installation.roleArn())
                                        .source(s ->
                                                s.type("NO_SOURCE")
                                                        .buildspec(
                                                                "version: 0.2\nphases: {build: {commands: ['true']}}"))
                                        .artifacts(a -> a.type("NO_ARTIFACTS"))
                                        .environment(e ->
                                                e.type("ARM_CONTAINER")
                                                        .image(account.installation.image())
                                                        .computeType("BUILD_GENERAL1_SMALL")));
                zurich.codeBuild().deleteProject(r -> r.name("armrunner-live-test"));
            } catch (SdkException e) {
                answer = String.valueOf(e.getMessage());
            }
            account.report(10, answer);
        }
    }

    /** What the lane asks of Lambda compute: the agent from S3, Java, keys, a place to write. */
    @Test
    void question12LambdaMachines() throws Exception {
        String region = account.clients.place().region();
        if (!ArmRegions.has(region, BuildSize.LAMBDA_1GB)) {
            account.report(12, region + " has no Lambda compute: ask in us-east-1");
            return;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.putNextEntry(new ZipEntry("boot.sh"));
            zip.write(
                    """
                    answer() { echo "ANSWER $*"; }
                    answer "user $(id -u), HOME $HOME, in $PWD, sources $CODEBUILD_SRC_DIR"
                    answer "keys ${AWS_CONTAINER_CREDENTIALS_RELATIVE_URI:+relative} ${AWS_CONTAINER_CREDENTIALS_FULL_URI:+full} ${AWS_ACCESS_KEY_ID:+variables}"
                    answer "java $(java --version 2>&1 | head -1), git $(git --version 2>&1)"
                    answer "root: $(touch /x 2>&1)"; answer "shm: $(ls -d /dev/shm 2>&1)"
                    answer "disk: $(df -k /tmp | tail -1)"
                    printf '#!/bin/sh\necho runs\n' > /tmp/program; chmod +x /tmp/program; answer "program in /tmp $(/tmp/program 2>&1)"
                    sleep 300 & child=$!; kill $child && answer "signals arrive"
                    """
                            .getBytes(UTF_8));
        }
        account.clients
                .s3()
                .putObject(
                        r -> r.bucket(bucket()).key("agent/lambda.zip"),
                        RequestBody.fromBytes(bytes.toByteArray()));
        StringBuilder report = new StringBuilder();
        // The project is one of containers with time-outs, as that of a lane may be.
        Build build = account.ended(onLambda("corretto25", _ -> {}));
        String answers = account.said(build, "ANSWER");
        report.append(build.buildStatusAsString()).append(' ').append(answers).append("; phases ");
        build.phases()
                .forEach(each ->
                        report.append(each.phaseTypeAsString())
                                .append('=')
                                .append(each.durationInSeconds())
                                .append(' '));
        Build python = account.ended(onLambda("python3.14", _ -> {}));
        report.append("; python3.14 ")
                .append(python.buildStatusAsString())
                .append(' ')
                .append(account.said(python, "ANSWER java"));
        report.append("; time-outs: ")
                .append(refusal(r -> r.timeoutInMinutesOverride(10)))
                .append("; cache: ")
                .append(refusal(r -> r.cacheOverride(c -> c.type("NO_CACHE"))))
                .append("; privileged: ")
                .append(refusal(r -> r.privilegedModeOverride(false)));
        account.report(12, report.toString());
        assertThat(build.buildStatus()).isEqualTo(StatusType.SUCCEEDED);
        assertThat(answers)
                .contains("sources /tmp/", "program in /tmp runs", "signals arrive")
                .containsPattern("keys (relative| full)")
                .containsPattern("java \\w+ 25");
    }

    private Build onLambda(String language, Consumer<StartBuildRequest.Builder> more) {
        return account.start(
                r -> {
                    r.environmentTypeOverride("ARM_LAMBDA_CONTAINER")
                            .computeTypeOverride("BUILD_LAMBDA_1GB")
                            .imageOverride(
                                    "aws/codebuild/amazonlinux-aarch64-lambda-standard:" + language)
                            .sourceTypeOverride("S3")
                            .sourceLocationOverride(bucket() + "/agent/lambda.zip")
                            .timeoutInMinutesOverride(null)
                            .queuedTimeoutInMinutesOverride(null);
                    more.accept(r);
                },
                "sh \"$CODEBUILD_SRC_DIR/boot.sh\"");
    }

    /** What AWS says to a request with something more. */
    private String refusal(Consumer<StartBuildRequest.Builder> more) {
        try {
            return account.ended(onLambda("corretto25", more)).buildStatusAsString();
        } catch (SdkException e) {
            return String.valueOf(e.getMessage());
        }
    }

    @Test
    void question13ADenialByTheNamesOfVariables() throws Exception {
        String policy =
                """
                {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"codebuild:StartBuild","Resource":"*"},
                 {"Effect":"Deny","Action":"codebuild:StartBuild","Resource":"*","Condition":{"ForAnyValue:StringNotLike":
                  {"codebuild:environment.environmentVariables.name":["ARMRUNNER_*"]}}}]}
                """;
        StringBuilder answers = new StringBuilder();
        for (List<String> names :
                List.of(List.of("ARMRUNNER_JOB"), List.of("ARMRUNNER_JOB", "TOKEN"))) {
            String decision =
                    account.clients
                            .iam()
                            .simulateCustomPolicy(r ->
                                    r.policyInputList(policy)
                                            .actionNames("codebuild:StartBuild")
                                            .contextEntries(
                                                    ContextEntry.builder()
                                                            .contextKeyName(
                                                                    "codebuild:environment.environmentVariables.name")
                                                            .contextKeyType("stringList")
                                                            .contextKeyValues(names)
                                                            .build()))
                            .evaluationResults()
                            .getFirst()
                            .evalDecisionAsString();
            answers.append(names).append(' ').append(decision).append("; ");
        }
        account.report(13, answers.toString());
        assertThat(answers.toString()).contains("[ARMRUNNER_JOB] allowed");
    }
}
