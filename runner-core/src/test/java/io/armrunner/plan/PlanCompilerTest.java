package io.armrunner.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.Secret;
import io.armrunner.variables.FeatureFlag;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class PlanCompilerTest {
    private final PlanFixture fixture = new PlanFixture(Path.of("/lab"));

    private String variable(String key) throws JobFailure {
        return fixture.plan().variables().get(key);
    }

    @Test
    @Tag("JS-32")
    void theRunnerAddsItsVariables() throws JobFailure {
        assertThat(variable("CI_PROJECT_DIR")).isEqualTo("/lab/builds/Zk3QpW9xL/1/lab/demo");
        assertThat(variable("CI_BUILDS_DIR")).isEqualTo("/lab/builds");
        assertThat(variable("CI_CONCURRENT_ID")).isEqualTo("2");
        assertThat(variable("CI_CONCURRENT_PROJECT_ID")).isEqualTo("1");
        assertThat(variable("CI_SERVER")).isEqualTo("yes");
        assertThat(variable("CI_JOB_TIMEOUT")).isEqualTo("3600");
        assertThat(variable("CI_RUNNER_SHORT_TOKEN")).isEqualTo("Zk3QpW9xL");
        assertThat(variable("CI_RUNNER_VERSION")).isEqualTo("1.2.3");
        assertThat(variable("CI_RUNNER_REVISION")).isEqualTo("0a1b2c3d");
        assertThat(variable("CI_RUNNER_EXECUTABLE_ARCH")).isEqualTo("linux/arm64");
        assertThat(variable("RUNNER_TEMP_PROJECT_DIR"))
                .isEqualTo("/lab/builds/Zk3QpW9xL/1/lab/demo.tmp");
    }

    @Test
    @Tag("JS-33")
    void aHostIsSharedAndAnEnvironmentOfTheJobIsDisposable() throws JobFailure {
        assertThat(variable("CI_SHARED_ENVIRONMENT")).isEqualTo("true");
        assertThat(fixture.plan().variables().find("CI_DISPOSABLE_ENVIRONMENT")).isEmpty();
        fixture.disposable = true;
        assertThat(variable("CI_DISPOSABLE_ENVIRONMENT")).isEqualTo("true");
        assertThat(fixture.plan().variables().find("CI_SHARED_ENVIRONMENT")).isEmpty();
    }

    @Test
    @Tag("JS-34")
    @Tag("JS-35")
    void jobVariablesBeatTheConfiguration() throws JobFailure {
        fixture.environment = List.of("X=cfg", "Y=only=cfg", "BROKEN");
        fixture.variable("X", "job");
        assertThat(variable("X")).isEqualTo("job");
        assertThat(variable("Y")).isEqualTo("only=cfg");
        assertThat(fixture.plan().variables().find("BROKEN")).isEmpty();
    }

    @Test
    @Tag("JS-50")
    void configuredFlagsBeatTheJob() throws JobFailure {
        fixture.flags = Map.of("FF_SCRIPT_SECTIONS", false, "FF_UNKNOWN", true);
        fixture.variable("FF_SCRIPT_SECTIONS", "true").variable("FF_ENABLE_JOB_CLEANUP", "1");
        JobPlan plan = fixture.plan();
        assertThat(plan.flags().isOn(FeatureFlag.FF_SCRIPT_SECTIONS)).isFalse();
        assertThat(plan.variables().get("FF_SCRIPT_SECTIONS")).isEqualTo("false");
        assertThat(plan.variables().get("FF_ENABLE_JOB_CLEANUP")).isEqualTo("true");
    }

    @Test
    @Tag("JS-97")
    void flagsThatDifferStandInTheHeader() throws JobFailure {
        assertThat(fixture.plan().headerFeatureFlags()).isEmpty();
        fixture.variable("FF_TIMESTAMPS", "false").variable("FF_SCRIPT_SECTIONS", "true");
        assertThat(fixture.plan().headerFeatureFlags())
                .isEqualTo("FF_TIMESTAMPS:false, FF_SCRIPT_SECTIONS:true");
        assertThat(fixture.plan().timestamps()).isFalse();
    }

    @Test
    @Tag("JS-23")
    @Tag("JS-49")
    void valuesThatCannotBeReadAreWarnedOf() throws JobFailure {
        fixture.variable("GIT_CHECKOUT", "nope")
                .variable("GIT_STRATEGY", "x")
                .variable("GET_SOURCES_ATTEMPTS", "99")
                .variable("GIT_SUBMODULE_DEPTH", "deep")
                .variable("FF_SCRIPT_SECTIONS", "yes");
        JobPlan plan = fixture.plan();
        assertThat(plan.settingsWarning())
                .containsExactlyInAnyOrder(
                        "GIT_CHECKOUT: expected bool got \"nope\", using default value: true",
                        "GIT_STRATEGY: expected either 'clone', 'fetch', 'none' or 'empty' got \"x\", using default value 'fetch'",
                        "GET_SOURCES_ATTEMPTS: number of attempts out of the range [1, 10], clamping to: 10",
                        "GIT_SUBMODULE_DEPTH: expected int got \"deep\", using default value: 20",
                        "FF_SCRIPT_SECTIONS: could not parse feature flag, expected bool, got yes");
        assertThat(plan.job().gitCheckout()).isTrue();
        assertThat(plan.job().attempts().getSources()).isEqualTo(10);
    }

    @Test
    void theDebugTraceCanBeForbidden() throws JobFailure {
        fixture.variable("CI_DEBUG_TRACE", "true");
        assertThat(fixture.plan().debugTrace()).isTrue();
        fixture.debugTraceDisabled = true;
        assertThat(fixture.plan().debugTrace()).isFalse();
        assertThat(fixture.plan().settingsWarning())
                .containsExactly("CI_DEBUG_TRACE: usage is disabled on this Runner");
    }

    @Test
    void timeoutsComeFromPayloadAndVariables() throws JobFailure {
        fixture.variable("RUNNER_SCRIPT_TIMEOUT", "600")
                .variable("RUNNER_AFTER_SCRIPT_TIMEOUT", "1s");
        JobPlan plan = fixture.plan();
        assertThat(plan.timeouts().job()).isEqualTo(Duration.ofHours(1));
        assertThat(plan.timeouts().script()).isEmpty();
        assertThat(plan.timeouts().afterScript()).isEqualTo(Duration.ofSeconds(1));
        assertThat(plan.scriptTimeoutWarnings())
                .containsExactly("Ignoring malformed RUNNER_SCRIPT_TIMEOUT timeout: 600");
        fixture.variable("RUNNER_SCRIPT_TIMEOUT", "9h")
                .variable("RUNNER_AFTER_SCRIPT_TIMEOUT", "-5m");
        assertThat(fixture.plan().timeouts().script()).contains(Duration.ofHours(1));
        assertThat(fixture.plan().timeouts().afterScript()).isEqualTo(Duration.ofMinutes(5));
        assertThat(fixture.plan().scriptTimeoutWarnings())
                .containsExactly(
                        "RUNNER_SCRIPT_TIMEOUT timeout: 9h is longer than job timeout. Setting to job timeout",
                        "Ignoring relative RUNNER_AFTER_SCRIPT_TIMEOUT timeout: -5m");
    }

    @Test
    @Tag("JS-7")
    void theStepsKeepTheirOrderAndAfterScriptComesLast() throws JobFailure {
        fixture.step("script", "a").step("release", "rel $CI_SERVER").step("after_script", "b");
        JobPlan plan = fixture.plan();
        assertThat(plan.stages().stream().map(Stage::id))
                .containsExactly(
                        "prepare_script",
                        "get_sources",
                        "step_script",
                        "step_release",
                        "after_script",
                        "cleanup_file_variables");
        assertThat(((Stage.Step) plan.stages().get(3)).commands()).containsExactly("rel yes");
    }

    @Test
    @Tag("JS-31")
    @Tag("RP-47")
    void unknownExecutorOptionsAreRefused() {
        ObjectNode image = fixture.payload.putObject("image").put("name", "alpine");
        image.putObject("executor_opts").putObject("docker").put("cpus", 2).put("user", 1000);
        JobFailure failure = catchThrowableOfType(JobFailure.class, fixture::plan);
        assertThat(failure.reason()).isEqualTo(FailureReason.RUNNER_SYSTEM_FAILURE);
        assertThat(failure.exitCode()).isEqualTo(3);
        assertThat(failure).hasMessageContaining("docker:cpus");
    }

    @Test
    @Tag("RP-48")
    void theUserOfAnImageMayBeANumberOrAText() throws JobFailure {
        ObjectNode image = fixture.payload.putObject("image").put("name", "alpine");
        ObjectNode docker = image.putObject("executor_opts").putObject("docker");
        docker.put("user", 1000);
        assertThat(fixture.plan().payload().id()).isEqualTo(17);
        docker.put("user", "1000");
        assertThat(fixture.plan().payload().id()).isEqualTo(17);
    }

    @Test
    @Tag("RP-53")
    void aRunListIsRefused() {
        fixture.payload.put("run", "[]").remove("steps");
        JobFailure failure = catchThrowableOfType(JobFailure.class, fixture::plan);
        assertThat(failure.exitCode()).isEqualTo(3);
        assertThat(failure).hasMessageContaining("`run`");
    }

    @Test
    @Tag("RP-52")
    void nullsAndAbsentPartsAreFine() throws JobFailure {
        fixture.payload.putNull("artifacts").putNull("image");
        fixture.step("script", "true");
        assertThat(fixture.plan().stages()).hasSize(4);
    }

    @Test
    @Tag("JS-73")
    void theClonePathHasToBeAllowedAndWithinTheBuilds() throws JobFailure {
        fixture.variable("GIT_CLONE_PATH", "$CI_BUILDS_DIR/x");
        assertThatThrownBy(fixture::plan).hasMessageContaining("enable `custom_build_dir` feature");
        fixture.disposable = true;
        assertThat(fixture.plan().directories().project()).isEqualTo("/lab/builds/x");
        assertThat(fixture.plan().variables().get("CI_PROJECT_DIR")).isEqualTo("/lab/builds/x");
        fixture.variable("GIT_CLONE_PATH", "/lab/builds/../x");
        JobFailure failure = catchThrowableOfType(JobFailure.class, fixture::plan);
        assertThat(failure.reason()).isEqualTo(FailureReason.RUNNER_CONFIGURATION_ERROR);
        assertThat(failure)
                .hasMessage(
                        "the GIT_CLONE_PATH=\"/lab/builds/../x\" has to be within \"/lab/builds\"");
        fixture.customBuildDir = Optional.of(false);
        assertThatThrownBy(fixture::plan).hasMessageContaining("custom_build_dir");
    }

    @Test
    @Tag("JS-54")
    void theStrategyEmptyHasDirectoriesOfItsOwn() throws JobFailure {
        fixture.variable("GIT_STRATEGY", "empty");
        assertThat(fixture.plan().directories().project()).endsWith("/lab/demo-empty");
        assertThat(fixture.plan().directories().cache()).isEqualTo("/lab/cache/lab/demo-empty");
    }

    @Test
    @Tag("JS-74")
    void theCloneUrlReplacesTheHost() throws JobFailure {
        fixture.cloneUrl = "https://mirror.example.com/gl/";
        fixture.variable("CI_PROJECT_PATH", "lab/demo");
        assertThat(fixture.plan().sources().remoteUrl().value())
                .isEqualTo(
                        "https://gitlab-ci-token:"
                                + PlanFixture.TOKEN
                                + "@mirror.example.com/gl/lab/demo.git");
        fixture.cloneUrl = "ssh://mirror.example.com:2222";
        assertThat(fixture.plan().sources().remoteUrl().value())
                .isEqualTo("ssh://git@mirror.example.com:2222/lab/demo.git");
    }

    @Test
    void theJobTokenIsMaskedEvenWithoutAVariable() throws JobFailure {
        assertThat(fixture.plan().masks()).contains(Secret.of(PlanFixture.TOKEN));
    }

    @Test
    void nothingInAPlanPrintsASecret() throws JobFailure {
        fixture.variable("PASSWORD", "hidden-value");
        JobPlan plan = fixture.plan();
        assertThat(plan.toString() + plan.variables() + plan.sources() + plan.stages())
                .doesNotContain(PlanFixture.TOKEN)
                .doesNotContain("hidden-value");
    }
}
