package io.armrunner.codebuild.lane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.aws.CuratedImages;
import io.armrunner.codebuild.handover.Tariff;
import io.armrunner.codebuild.lane.CodeBuildSettings.Placement;
import io.armrunner.config.ConfigException;
import io.armrunner.config.ConfigReader;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.testing.HandTicker;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.services.codebuild.model.StartBuildRequest;

/** The pure rules: settings, prices, requests, and what a build's end means. */
final class BuildRulesTest {
    private static CodeBuildSettings settings(String... lines) throws ConfigException {
        String toml =
                """
                [[runners]]
                name = "r"
                url = "https://gitlab.example.com"
                token = "glrt-x"
                executor = "codebuild"
                [runners.codebuild]
                project = "p"
                bucket = "b-{region}"
                region = "us-east-1"
                """
                        + String.join("\n", lines);
        return CodeBuildSettings.of(
                ConfigReader.read(toml, "config.toml", Map.of())
                        .config()
                        .runners()
                        .getFirst()
                        .lanes()
                        .getFirst()
                        .codebuild());
    }

    private static BuildView view(String status, String phase, String phaseStatus, String code) {
        return new BuildView(
                "arn",
                status,
                phase,
                List.of(
                        new BuildView.Phase(
                                phase,
                                phaseStatus,
                                Optional.empty(),
                                Optional.empty(),
                                code,
                                "why")),
                Optional.empty());
    }

    @ParameterizedTest
    @CsvSource({
        "STOPPED,   BUILD,        STOPPED,   '',                                   RUNNER_SYSTEM_FAILURE, stopped outside armrunner",
        "FAILED,    BUILD,        TIMED_OUT, BUILD_TIMED_OUT,                      JOB_EXECUTION_TIMEOUT, own time-out",
        "FAILED,    QUEUED,       TIMED_OUT, BUILD_TIMED_OUT,                      RUNNER_SYSTEM_FAILURE, no free machine within",
        "TIMED_OUT, BUILD,        '',        '',                                   JOB_EXECUTION_TIMEOUT, own time-out",
        "FAILED,    PROVISIONING, FAILED,    BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE, IMAGE_PULL_FAILURE,    could not be pulled: why",
        "FAILED,    DOWNLOAD_SOURCE, FAILED, CLIENT_ERROR,                         RUNNER_SYSTEM_FAILURE, phase DOWNLOAD_SOURCE: why",
        "FAULT,     BUILD,        FAULT,     '',                                   RUNNER_SYSTEM_FAILURE, CodeBuild itself failed",
        "FAILED,    BUILD,        FAILED,    COMMAND_EXECUTION_ERROR,              RUNNER_SYSTEM_FAILURE, left no result",
        "SUCCEEDED, COMPLETED,    '',        '',                                   RUNNER_SYSTEM_FAILURE, left no result",
    })
    @Tag("CB-37")
    @Tag("CB-38")
    void theEndOfABuildWithoutAReceiptIsNeverASuccess(
            String status,
            String phase,
            String phaseStatus,
            String code,
            FailureReason reason,
            String words) {
        JobFailure failure =
                BuildEnd.failure(view(status, phase, phaseStatus, code), "p", "eu-west-3");

        assertThat(failure.reason()).isEqualTo(reason);
        assertThat(failure).hasMessageContaining(words);
    }

    @ParameterizedTest
    @CsvSource({
        "FAILED,  900, JOB_EXECUTION_TIMEOUT, Lambda compute ended the build after 15 minutes",
        "FAILED,  885, JOB_EXECUTION_TIMEOUT, Lambda compute ended the build after 15 minutes",
        "FAILED,  600, RUNNER_SYSTEM_FAILURE, left no result",
        "STOPPED, 900, RUNNER_SYSTEM_FAILURE, stopped outside armrunner",
    })
    @Tag("CB-37")
    void aBuildThatLivedAsLongAsLambdaComputeLetsItHasTimedOut(
            String status, int seconds, FailureReason reason, String words) {
        Instant up = Instant.parse("2026-11-23T10:00:00Z");
        BuildView build =
                new BuildView(
                        "arn",
                        status,
                        "COMPLETED",
                        List.of(
                                phase("PROVISIONING", up, up.plusSeconds(2)),
                                new BuildView.Phase(
                                        "BUILD",
                                        "FAILED",
                                        Optional.of(up.plusSeconds(3)),
                                        Optional.of(up.plusSeconds(seconds)),
                                        "COMMAND_EXECUTION_ERROR",
                                        "")),
                        Optional.empty());

        JobFailure failure = BuildEnd.onLambda(build, "p", "eu-west-1");
        assertThat(failure.reason()).isEqualTo(reason);
        assertThat(failure).hasMessageContaining(words);
    }

    @Test
    @Tag("CB-42")
    void wordsThatNobodyKnowsMeanThatTheBuildGoesOn() {
        assertThat(view("REBOOTING", "MARINATING", "", "").isOver()).isFalse();
        assertThat(view("", "", "", "").isOver()).isFalse();
        assertThat(view("IN_PROGRESS", "MARINATING", "", "").isQueued()).isFalse();
    }

    @Test
    @Tag("CB-1")
    @Tag("CB-11")
    @Tag("CB-12")
    @Tag("CB-13")
    void aRequestIsTheSameEachTimeAndSaysNothingOfTheJob() throws Exception {
        CodeBuildSettings settings =
                settings(
                        "queued_timeout = \"20m\"",
                        "parameter_store = { NPM_TOKEN = \"/ci/npm\" }");
        BuildChoice choice =
                new BuildChoice(
                        BuildSize.SMALL,
                        "image",
                        Placement.HOST,
                        Duration.ofMinutes(61),
                        List.of(),
                        List.of());
        BuildRequest.Agent agent = new BuildRequest.Agent("b/agent.zip", Optional.of("v1"));
        BuildRequest.Identity identity = new BuildRequest.Identity("m-1", 42, 1);
        StartBuildRequest request =
                BuildRequest.of(settings, "us-east-1", choice, identity, agent, Optional.empty());

        assertThat(
                        BuildRequest.of(
                                settings, "us-east-1", choice, identity, agent, Optional.empty()))
                .isEqualTo(request);
        assertThat(request.idempotencyToken())
                .isNotEqualTo(new BuildRequest.Identity("m-1", 42, 2).token());
        assertThat(request.autoRetryLimitOverride()).isZero();
        assertThat(request.timeoutInMinutesOverride()).isEqualTo(71);
        assertThat(request.queuedTimeoutInMinutesOverride()).isEqualTo(20);
        assertThat(request.sourceVersion()).isEqualTo("v1");
        assertThat(request.artifactsOverride().typeAsString()).isEqualTo("NO_ARTIFACTS");
        assertThat(request.cacheOverride().typeAsString()).isEqualTo("NO_CACHE");
        assertThat(request.logsConfigOverride().cloudWatchLogs().groupName())
                .isEqualTo("/armrunner/p/boot");
        assertThat(request.buildspecOverride().getBytes(StandardCharsets.UTF_8).length)
                .isLessThan(2048);
        assertThat(
                        BuildRequest.of(
                                        settings("image = \"other:1\""),
                                        "eu-west-1",
                                        new BuildChoice(
                                                BuildSize.LARGE,
                                                "other:1",
                                                Placement.IMAGE,
                                                Duration.ofMinutes(5),
                                                List.of(),
                                                List.of()),
                                        new BuildRequest.Identity("m-2", 4711, 3),
                                        new BuildRequest.Agent("c/agent.zip", Optional.empty()),
                                        Optional.empty())
                                .buildspecOverride())
                .as("the same for all")
                .isEqualTo(request.buildspecOverride());
        assertThat(request.environmentVariablesOverride())
                .extracting(variable -> variable.name() + "=" + variable.value())
                .containsExactly(
                        "ARMRUNNER_MANAGER=m-1",
                        "ARMRUNNER_JOB=42",
                        "ARMRUNNER_ATTEMPT=1",
                        "ARMRUNNER_BUCKET=b-us-east-1");
    }

    @Test
    void aMachineOfTheOtherKindIsAnotherEnvironment() throws Exception {
        CodeBuildSettings settings = settings("architecture = \"amd64\"");

        assertThat(settings.machine().environmentType(settings.size()))
                .isEqualTo("LINUX_CONTAINER");
        assertThat(settings.machine().architecture()).isEqualTo("x86_64");
        assertThat(settings.image()).contains("x86_64");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    compute = "huge"            | compute must be one of small, medium, large, xlarge, 2xlarge, lambda-1gb, lambda-2gb, lambda-4gb, lambda-8gb, lambda-10gb, but is "huge"
                    placement = "moon"          | placement must be host or image, but is "moon"
                    architecture = "mips"       | architecture must be arm64 or amd64, but is "mips"
                    monthly_cap = "much"        | monthly_cap must be an amount of US dollars
                    queued_timeout = "1s"       | queued_timeout must be between 300 s and 28800 s, but is 1 s
                    prices = { tiny = "1" }     | prices must be one of small
                    allowed_compute = ["lambda-1gb"] | allowed_compute "lambda-1gb" and compute "small" do not go together
                    image = "aws/codebuild/amazonlinux-aarch64-lambda-standard:python3.14" | is one of Lambda compute, which size small is not
                    """)
    void whatIsWrongWithTheTableIsSaid(String line, String message) {
        assertThatThrownBy(() -> settings(line)).hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    allowed_compute = ["lambda-4gb", "small"] | allowed_compute "small" and compute "lambda-2gb" do not go together: a lane has either
                    image = "aws/codebuild/amazonlinux-aarch64-standard:3.0" | cannot run on Lambda compute (lambda-2gb)
                    image = "python:3.14"       | image "python:3.14" cannot run on Lambda compute
                    image = "public.ecr.aws/lambda/python:3.14" | from a private registry in ECR
                    regions = ["eu-west-3", "eu-north-1"] | there is no Lambda compute in eu-west-3, eu-north-1; the nearest regions that have it are eu-west-1, eu-central-1
                    """)
    void whatLambdaComputeDoesNotHaveIsSaidWhenTheTableIsRead(String line, String message) {
        assertThatThrownBy(() -> settings("compute = \"lambda-2gb\"", line))
                .hasMessageContaining(message);
    }

    @Test
    void aLaneOnLambdaComputeHasItsOwnImageLimitAndRegions() throws Exception {
        CodeBuildSettings settings =
                settings(
                        "compute = \"lambda-2gb\"",
                        "allowed_compute = [\"lambda-10gb\"]",
                        "regions = [\"eu-west-3\", \"eu-west-1\", \"eu-central-1\"]");
        CodeBuildSettings other = settings("compute = \"lambda-1gb\"", "architecture = \"amd64\"");

        assertThat(settings.machine().environmentType(settings.size()))
                .isEqualTo("ARM_LAMBDA_CONTAINER");
        assertThat(settings.image())
                .isEqualTo("aws/codebuild/amazonlinux-aarch64-lambda-standard:corretto25");
        assertThat(settings.longest()).isEqualTo(Duration.ofMinutes(14));
        assertThat(settings.regions()).containsExactly("eu-west-1", "eu-central-1");
        assertThat(other.machine().environmentType(other.size()))
                .isEqualTo("LINUX_LAMBDA_CONTAINER");
        assertThat(other.image())
                .isEqualTo("aws/codebuild/amazonlinux-x86_64-lambda-standard:corretto25");
    }

    @Test
    void aRequestForLambdaComputeHasNothingThatItRefuses() throws Exception {
        StartBuildRequest request =
                BuildRequest.of(
                        settings("compute = \"lambda-1gb\""),
                        "us-east-1",
                        new BuildChoice(
                                BuildSize.LAMBDA_1GB,
                                "image",
                                Placement.HOST,
                                Duration.ofMinutes(14),
                                List.of(),
                                List.of()),
                        new BuildRequest.Identity("m-1", 42, 1),
                        new BuildRequest.Agent("b/agent.zip", Optional.of("v1")),
                        Optional.empty());

        assertThat(request.environmentTypeOverrideAsString()).isEqualTo("ARM_LAMBDA_CONTAINER");
        assertThat(request.computeTypeOverrideAsString()).isEqualTo("BUILD_LAMBDA_1GB");
        assertThat(request.timeoutInMinutesOverride()).isNull();
        assertThat(request.queuedTimeoutInMinutesOverride()).isNull();
        assertThat(request.privilegedModeOverride()).isNull();
        assertThat(request.cacheOverride()).isNull();
        assertThat(request.certificateOverride()).isNull();
        assertThat(request.autoRetryLimitOverride()).isZero();
        assertThat(request.idempotencyToken()).isNotEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "aws/codebuild/amazonlinux-aarch64-standard:3.0,                  true",
        "aws/codebuild/amazonlinux-aarch64-lambda-standard:corretto25,    true",
        "aws/codebuild/amazonlinux-aarch64-lambda-standard:corretto21,    false",
        "aws/codebuild/amazonlinux-aarch64-lambda-standard:corretto8,     false",
        "aws/codebuild/amazonlinux-aarch64-lambda-standard:python3.14,    false",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci:1,               false",
    })
    void javaIsBroughtWhereAnImageIsNotKnownToHaveIt(String image, boolean has) {
        assertThat(CuratedImages.haveJava(image)).isEqualTo(has);
    }

    @Test
    void theLogGroupIsTheOneBesideTheProjectUnlessTheTableNamesAnother() throws Exception {
        assertThat(settings().logGroup()).isEqualTo("/armrunner/p/boot");
        assertThat(settings("log_group = \"/ours/boot\"").logGroup()).isEqualTo("/ours/boot");
    }

    @Test
    void severalRegionsNeedABucketEach() {
        assertThatThrownBy(() ->
                        settings("regions = [\"eu-west-1\", \"eu-west-3\"]\nbucket = \"one\""))
                .isInstanceOf(Exception.class);
    }

    @ParameterizedTest
    @CsvSource({
        "python:*,        python:3.13,                   true",
        "python:*,        library/python:3,              false",
        "public.ecr.aws/**, public.ecr.aws/docker/a:1,   true",
        "registry/*/x,    registry/a/x,                  true",
        "registry/*/x,    registry/a/b/x,                false",
        "a,               ab,                            false",
    })
    void imagesAreAllowedByPatterns(String pattern, String image, boolean allowed) {
        assertThat(BuildChoice.isLike(pattern, image)).isEqualTo(allowed);
    }

    @Test
    void containersAreBilledByTheBegunMinute() throws Exception {
        Tariff small = Prices.of(settings(), "us-east-1", BuildSize.SMALL);

        assertThat(small.units(Duration.ofMillis(10))).isEqualTo(1);
        assertThat(small.units(Duration.ofSeconds(60))).isEqualTo(1);
        assertThat(small.units(Duration.ofMillis(60_001))).isEqualTo(2);
        assertThat(small.time(1) + " " + small.time(2)).isEqualTo("1 minute 2 minutes");
        assertThat(small.price(2)).isEqualTo("$0.0068");
        assertThat(small.rate()).isEqualTo("$0.0034 a minute");
        assertThat(Prices.of(settings(), "us-east-1", BuildSize.LARGE).isKnown()).isFalse();
        assertThat(
                        Prices.of(
                                        settings("prices = { large = \"0.015\" }"),
                                        "us-east-1",
                                        BuildSize.LARGE)
                                .dollars())
                .isEqualTo(0.015);
        assertThat(Prices.text(0.0068)).isEqualTo("$0.0068");
        assertThat(Prices.text(12.5)).isEqualTo("$12.50");
    }

    @Test
    void lambdaComputeIsBilledByTheBegunSecondAndItsMemory() throws Exception {
        CodeBuildSettings settings = settings("compute = \"lambda-1gb\"");
        Tariff one = Prices.of(settings, "us-east-1", BuildSize.LAMBDA_1GB);
        Tariff ten = Prices.of(settings, "us-east-1", BuildSize.LAMBDA_10GB);
        Tariff other =
                Prices.of(
                        settings("compute = \"lambda-1gb\"", "architecture = \"amd64\""),
                        "us-east-1",
                        BuildSize.LAMBDA_4GB);

        assertThat(one.units(Duration.ofMillis(73_001))).isEqualTo(74);
        assertThat(one.time(74)).isEqualTo("74 seconds");
        assertThat(one.price(74)).isEqualTo("$0.000740");
        assertThat(one.rate()).isEqualTo("$0.000010 a second");
        assertThat(ten.rate()).isEqualTo("$0.000100 a second");
        assertThat(other.rate()).isEqualTo("$0.000080 a second");
        assertThat(Prices.of(settings, "eu-west-1", BuildSize.LAMBDA_1GB).isKnown()).isFalse();
        assertThat(
                        Prices.of(
                                        settings(
                                                "compute = \"lambda-2gb\"",
                                                "prices = { lambda-2gb = \"0.00003\" }"),
                                        "eu-west-1",
                                        BuildSize.LAMBDA_2GB)
                                .rate())
                .isEqualTo("$0.000030 a second");
    }

    @Test
    void theBookOfAMonthHasMinutesAndSeconds(@TempDir Path directory) {
        Path file = directory.resolve("costs.json");
        InstantSource clock = InstantSource.fixed(Instant.parse("2026-11-23T10:00:00Z"));
        CostBook book = new CostBook(file, clock);
        book.add(new Tariff(Tariff.Unit.SECOND, 0.25), 74);
        book.add(new Tariff(Tariff.Unit.MINUTE, 0.5), 3);
        CostBook later = new CostBook(file, clock);

        assertThat(later.month().seconds()).isEqualTo(74);
        assertThat(later.month().minutes()).isEqualTo(3);
        assertThat(later.month().dollars()).isEqualTo(20);
        assertThat(later.exhausted(10))
                .contains(
                        "its monthly_cap of $10.00 is reached: $20.00 for 3 minutes and 74 seconds in 2026-11");
    }

    @Test
    void timeIsBilledFromTheMachineOn() {
        Instant zero = Instant.parse("2026-11-23T10:00:00Z");
        BuildView build =
                new BuildView(
                        "arn",
                        "SUCCEEDED",
                        "COMPLETED",
                        List.of(
                                phase("QUEUED", zero, zero.plusSeconds(500)),
                                phase("PROVISIONING", zero.plusSeconds(500), zero.plusSeconds(506)),
                                phase("BUILD", zero.plusSeconds(506), zero.plusSeconds(560))),
                        Optional.empty());

        assertThat(build.queued()).isEqualTo(Duration.ofSeconds(500));
        assertThat(build.billed(zero.plusSeconds(9999))).isEqualTo(Duration.ofSeconds(60));
    }

    private static BuildView.Phase phase(String type, Instant start, Instant end) {
        return new BuildView.Phase(type, "SUCCEEDED", Optional.of(start), Optional.of(end), "", "");
    }

    @Test
    @Tag("CB-6")
    void aRefusalTeachesALimitThatGrowsAgain() {
        HandTicker time = new HandTicker();
        BuildQuota quota = new BuildQuota(time, Duration.ofMinutes(1));
        for (int i = 0; i < 21; i++) {
            quota.begun();
        }
        assertThat(quota.limit()).isZero();
        quota.refused(0);
        assertThat(quota.limit()).isEqualTo(20);
        quota.refused(0);
        assertThat(quota.limit()).isEqualTo(18);
        time.moveTo(Duration.ofSeconds(150));
        assertThat(quota.limit()).isEqualTo(20);
    }

    @Test
    void startsComeInTheirPaceAndSlowerAfterAComplaint() {
        HandTicker time = new HandTicker();
        Pace pace = new Pace(2, 5, time);
        for (int i = 0; i < 5; i++) {
            assertThat(pace.turn()).isZero();
        }
        assertThat(pace.turn()).isEqualTo(Duration.ofMillis(500));
        assertThat(pace.turn()).isEqualTo(Duration.ofSeconds(1));
        pace.slower();
        assertThat(pace.turn()).isEqualTo(Duration.ofSeconds(3));
    }
}
