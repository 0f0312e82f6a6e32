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

    @Test
    @Tag("CB-10")
    void aTimeOutThatNoBuildCanHaveIsRefused() {
        assertThatThrownBy(() -> choice("", "{\"id\": 1, \"runner_info\": {\"timeout\": 129060}}"))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("2151 minutes")
                .hasMessageContaining("at most 2150");
    }
}
