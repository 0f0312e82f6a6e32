package io.armrunner.codebuild.lane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.lane.CodeBuildSettings.Placement;
import io.armrunner.config.ConfigReader;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.testing.Plans;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a job may choose of its build, and what happens to one that chooses anything else. */
final class BuildChoiceTest {
    private static final String LANE =
            """
            [[runners]]
            name = "r"
            url = "https://gitlab.example.com"
            token = "glrt-x"
            executor = "codebuild"
            [runners.codebuild]
            project = "p"
            bucket = "b"
            region = "us-east-1"
            """;

    private static final String GENEROUS =
            """
            allowed_compute = ["medium"]
            allowed_placements = ["image"]
            allowed_images = ["public.ecr.aws/docker/library/*", "registry.example.com/**"]
            allowed_parameters = ["/ci/*"]
            allowed_secrets = ["ci/**"]
            parameter_store = { FIXED = "/fixed", OTHER = "/other" }
            """;

    private static BuildChoice choice(String lane, String payload) throws Exception {
        CodeBuildSettings settings =
                CodeBuildSettings.of(
                        ConfigReader.read(LANE + lane, "config.toml", Map.of())
                                .config()
                                .runners()
                                .getFirst()
                                .lanes()
                                .getFirst()
                                .codebuild());
        return BuildChoice.of(settings, Plans.of(payload));
    }

    private static String variables(String... pairs) {
        StringBuilder json = new StringBuilder("{\"id\": 1, \"variables\": [");
        for (int i = 0; i < pairs.length; i += 2) {
            json.append(i == 0 ? "" : ",")
                    .append(
                            "{\"key\": \"%s\", \"value\": \"%s\"}"
                                    .formatted(pairs[i], pairs[i + 1]));
        }
        return json.append("]}").toString();
    }

    @Test
    void aJobThatSaysNothingGetsWhatTheLaneSays() throws Exception {
        BuildChoice choice = choice("compute = \"large\"", "{\"id\": 1}");

        assertThat(choice.size()).isEqualTo(BuildSize.LARGE);
        assertThat(choice.image()).isEqualTo("aws/codebuild/amazonlinux-aarch64-standard:3.0");
        assertThat(choice.placement()).isEqualTo(Placement.HOST);
        assertThat(choice.references()).isEmpty();
    }

    @Test
    void whatIsAllowedIsWhatTheJobGets() throws Exception {
        BuildChoice choice =
                choice(
                        GENEROUS,
                        variables(
                                "ARMRUNNER_SIZE",
                                "medium",
                                "ARMRUNNER_PLACEMENT",
                                "image",
                                "ARMRUNNER_IMAGE",
                                "registry.example.com/team/java:25",
                                "ARMRUNNER_PARAMETERS",
                                "NPM=/ci/npm OTHER=/ci/other",
                                "ARMRUNNER_SECRETS",
                                "DB=ci/db:password"));

        assertThat(choice.size()).isEqualTo(BuildSize.MEDIUM);
        assertThat(choice.placement()).isEqualTo(Placement.IMAGE);
        assertThat(choice.image()).isEqualTo("registry.example.com/team/java:25");
        assertThat(choice.references())
                .containsExactly(
                        new Reference("FIXED", Reference.Store.PARAMETERS, "/fixed"),
                        new Reference("OTHER", Reference.Store.PARAMETERS, "/ci/other"),
                        new Reference("NPM", Reference.Store.PARAMETERS, "/ci/npm"),
                        new Reference("DB", Reference.Store.SECRETS, "ci/db:password"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    ARMRUNNER_SIZE       | xlarge          | ARMRUNNER_SIZE xlarge is not among the lane's allowed_compute: medium
                    ARMRUNNER_SIZE       | huge            | ARMRUNNER_SIZE is "huge"; there are:
                    ARMRUNNER_PLACEMENT  | moon            | ARMRUNNER_PLACEMENT is "moon"; there are: host, image
                    ARMRUNNER_PARAMETERS | X=/prod/key     | ARMRUNNER_PARAMETERS /prod/key is not among the lane's allowed_parameters: /ci/*
                    ARMRUNNER_PARAMETERS | X=/ci/a/b       | /ci/a/b is not among
                    ARMRUNNER_PARAMETERS | /ci/npm         | "/ci/npm", which is not of the form NAME=name-in-AWS
                    ARMRUNNER_PARAMETERS | A-B=/ci/npm     | is not of the form
                    ARMRUNNER_SECRETS    | X=prod          | ARMRUNNER_SECRETS prod is not among the lane's allowed_secrets: ci/**
                    """)
    @Tag("CB-10")
    void whatIsNotAllowedIsRefusedBeforeAnyBuild(String variable, String value, String words) {
        assertThatThrownBy(() -> choice(GENEROUS, variables(variable, value)))
                .isInstanceOfSatisfying(
                        JobFailure.class,
                        failure ->
                                assertThat(failure.reason())
                                        .isEqualTo(FailureReason.RUNNER_CONFIGURATION_ERROR))
                .hasMessageContaining(words);
    }

    @ParameterizedTest
    @CsvSource({
        "ARMRUNNER_SIZE,       medium,    allowed_compute",
        "ARMRUNNER_PLACEMENT,  image,     allowed_placements",
        "ARMRUNNER_PARAMETERS, X=/ci/npm, allowed_parameters",
        "ARMRUNNER_SECRETS,    X=ci/db,   allowed_secrets",
    })
    void aLaneThatAllowsNothingSaysSo(String variable, String value, String key) {
        assertThatThrownBy(() -> choice("", variables(variable, value)))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("the lane's " + key + ", which are none");
    }

    @Test
    void anImageOfTheJobsOwnHasToBeAllowedOnlyWhereItIsUsed() throws Exception {
        String image = "{\"id\": 1, \"image\": {\"name\": \"evil.example.com/x\"}}";

        assertThat(choice("", image).remarks())
                .containsExactly(
                        "image evil.example.com/x is not used: jobs of this lane run in aws/codebuild/amazonlinux-aarch64-standard:3.0");
        assertThatThrownBy(() -> choice("placement = \"image\"\n" + GENEROUS, image))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("image evil.example.com/x is not among the lane's");
    }

    private static final String LAMBDA =
            """
            compute = "lambda-1gb"
            allowed_compute = ["lambda-2gb"]
            allowed_placements = ["image"]
            allowed_images = ["**"]
            """;

    private static final String SHORT = "{\"id\": 1, \"runner_info\": {\"timeout\": 600}";

    @Test
    void theLimitsOfLambdaComputeAreToldUpFront() throws Exception {
        BuildChoice choice = choice(LAMBDA, SHORT + "}");

        assertThat(choice.size()).isEqualTo(BuildSize.LAMBDA_1GB);
        assertThat(choice.image())
                .isEqualTo("aws/codebuild/amazonlinux-aarch64-lambda-standard:corretto25");
        assertThat(choice.bringsJava()).isFalse();
        assertThat(choice.remarks())
                .containsExactly(
                        "Lambda compute: the build ends after 15 minutes; nobody is root in it, and only /tmp can be written (10 GB)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    "services": [{"name": "postgres:16"}]                                          | services: need containers
                    "variables": [{"key": "ARMRUNNER_SIZE", "value": "small"}]                     | ARMRUNNER_SIZE small is a size of containers, and this lane has Lambda compute; ARMRUNNER_LANE names another lane
                    "variables": [{"key": "ARMRUNNER_SIZE", "value": "lambda-4gb"}]                | is not among the lane's allowed_compute: lambda-2gb
                    "variables": [{"key": "ARMRUNNER_PLACEMENT", "value": "image"}, {"key": "ARMRUNNER_IMAGE", "value": "python:3.14"}] | image python:3.14 cannot run on Lambda compute (lambda-1gb): that takes
                    "variables": [{"key": "ARMRUNNER_PLACEMENT", "value": "image"}, {"key": "ARMRUNNER_IMAGE", "value": "aws/codebuild/amazonlinux-aarch64-standard:3.0"}] | cannot run on Lambda compute
                    """)
    @Tag("CB-10")
    void whatLambdaComputeDoesNotHaveIsRefusedBeforeAnyBuild(String asked, String words) {
        assertThatThrownBy(() -> choice(LAMBDA, SHORT + ", " + asked + "}"))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining(words);
    }

    @Test
    @Tag("CB-10")
    void aTimeOutThatLambdaComputeCannotHaveIsRefused() {
        assertThatThrownBy(() -> choice(LAMBDA, "{\"id\": 1}"))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("a CodeBuild build on Lambda compute can have at most 14");
    }

    @Test
    void anImageOfItsOwnOnLambdaComputeIsOneOfEcr() throws Exception {
        String image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/lint:3";
        BuildChoice choice =
                choice(
                        LAMBDA + "placement = \"image\"",
                        SHORT + ", \"image\": {\"name\": \"" + image + "\"}}");

        assertThat(choice.image()).isEqualTo(image);
        assertThat(choice.bringsJava()).isTrue();
    }

    @Test
    void aLaneOfContainersSaysWhereLambdaComputeIs() {
        assertThatThrownBy(() -> choice("", variables("ARMRUNNER_SIZE", "lambda-1gb")))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining(
                        "ARMRUNNER_SIZE lambda-1gb is a size of Lambda compute, and this lane has containers");
    }

    @Test
    @Tag("CB-10")
    void aTimeOutThatNoBuildCanHaveIsRefused() {
        assertThatThrownBy(() -> choice("", "{\"id\": 1, \"runner_info\": {\"timeout\": 129060}}"))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("2151 minutes")
                .hasMessageContaining("at most 2150");
    }
}
