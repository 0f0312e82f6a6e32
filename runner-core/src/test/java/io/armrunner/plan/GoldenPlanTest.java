package io.armrunner.plan;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.plan.RunnerSettings.Product;
import io.armrunner.spec.Artifacts;
import io.armrunner.spec.Dependency;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.Variable;
import io.armrunner.spec.Wire;
import io.armrunner.variables.FeatureFlags;
import io.armrunner.variables.GoDuration;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Compares the plans of whole payloads with files: a change of the compiler shows as a change of a
 * plan.
 */
class GoldenPlanTest {
    private static final RunnerSettings SETTINGS =
            RunnerSettings.minimal(
                    "rack",
                    "Zk3QpW9xL",
                    "s_0f3e5d7c9b1a",
                    "https://gitlab.example.com",
                    "shell",
                    new Product("armrunner", "1.2.3", "0a1b2c3d", "linux/arm64"));

    private static final JobPlace PLACE =
            new JobPlace(
                    "/srv/builds",
                    "/srv/cache",
                    2,
                    1,
                    false,
                    true,
                    "pi-1",
                    "01ID",
                    JobPlace.TlsFiles.NONE);

    @ParameterizedTest
    @ValueSource(strings = {"everything", "minimal"})
    @Tag("JS-7")
    @Tag("RP-52")
    void thePlanIsAsItWas(String name) throws IOException, JobFailure {
        JobPlan plan =
                PlanCompiler.compile(Wire.payload(resource(name + ".job.json")), SETTINGS, PLACE);
        assertThat(pretty(tree(plan))).isEqualTo(pretty(Wire.tree(resource(name + ".plan.json"))));
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = GoldenPlanTest.class.getResourceAsStream("/plans/" + name)) {
            return Objects.requireNonNull(in, name).readAllBytes();
        }
    }

    private static String pretty(JsonNode tree) throws JsonProcessingException {
        return Wire.mapper().writerWithDefaultPrettyPrinter().writeValueAsString(tree);
    }

    private static ObjectNode tree(JobPlan plan) {
        ObjectNode tree = Wire.mapper().createObjectNode();
        tree.put("project", plan.directories().project());
        tree.put("temp", plan.directories().temp());
        tree.put("cache", plan.directories().cache());
        tree.put("strategy", plan.sources().strategy().name());
        tree.put("remote", GitUrl.clean(plan.sources().remoteUrl().value()));
        tree.put("flags", plan.headerFeatureFlags());
        tree.put("timestamps", plan.timestamps());
        tree.put("sections", plan.sections());
        strings(tree.putArray("warnings"), plan.settingsWarning());
        strings(tree.putArray("tokenPrefixes"), plan.tokenPrefixes());
        tree.put("masks", plan.masks().size());
        ObjectNode timeouts = tree.putObject("timeouts");
        timeouts.put("job", GoDuration.format(plan.timeouts().job()));
        timeouts.put("script", plan.timeouts().script().map(GoDuration::format).orElse(""));
        timeouts.put("afterScript", GoDuration.format(plan.timeouts().afterScript()));
        assertThat(plan.timeouts().prepare()).isGreaterThan(Duration.ZERO);
        ArrayNode variables = tree.putArray("variables");
        for (Variable variable : plan.variables().list()) {
            if (!FeatureFlags.isKnown(variable.key())) {
                variables.add(
                        variable.key()
                                + "="
                                + variable.value()
                                + (variable.file() ? " (file)" : ""));
            }
        }
        ArrayNode stages = tree.putArray("stages");
        for (Stage stage : plan.stages()) {
            strings(stages.addObject().putArray(stage.id()), data(stage));
        }
        return tree;
    }

    private static List<String> data(Stage stage) {
        return switch (stage) {
            case Stage.PrepareScript _, Stage.GetSources _, Stage.ClearWorktree _ -> List.of();
            case Stage.RestoreCache(var entries) -> entries.stream().map(Object::toString).toList();
            case Stage.ArchiveCache(var _, var entries) ->
                    entries.stream().map(Object::toString).toList();
            case Stage.DownloadArtifacts(var dependencies) ->
                    dependencies.stream().map(Dependency::name).toList();
            case Stage.UploadArtifacts(var _, var entries) ->
                    entries.stream().map(Artifacts::artifactType).toList();
            case Stage.Step(var _, var commands) -> commands;
            case Stage.AfterScript(var commands) -> commands;
            case Stage.Cleanup(var files, var _) -> files;
        };
    }

    private static void strings(ArrayNode array, List<String> values) {
        values.forEach(array::add);
    }
}
