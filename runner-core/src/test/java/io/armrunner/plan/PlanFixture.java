package io.armrunner.plan;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.lane.StageScript;
import io.armrunner.plan.RunnerSettings.Product;
import io.armrunner.script.StageScripts;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A job on a host shell under a temporary directory: payload, settings and place can be changed
 * before it is compiled.
 */
public final class PlanFixture {
    public static final String TOKEN = "glcbt-64_secretJobToken";

    private static final Product PRODUCT =
            new Product("armrunner", "1.2.3", "0a1b2c3d", "linux/arm64");

    public final ObjectNode payload = Wire.mapper().createObjectNode();
    private final Path root;
    public boolean disposable;
    public String cloneUrl = "";
    public List<String> environment = List.of();
    public String preGetSources = "";
    public String postGetSources = "";
    public String preBuild = "";
    public String postBuild = "";
    public Map<String, Boolean> flags = Map.of();
    public boolean debugTraceDisabled;
    public Optional<Boolean> customBuildDir = Optional.empty();
    public Optional<Boolean> cleanGitConfig = Optional.empty();
    public String correlationId = "01CORRELATION";

    public PlanFixture(Path root) {
        this.root = root;
        payload.put("id", 17).put("token", TOKEN).put("allow_git_fetch", true);
        payload.putObject("job_info")
                .put("name", "smoke")
                .put("project_id", 3)
                .put("project_full_path", "lab/demo");
        ObjectNode git = payload.putObject("git_info");
        git.put(
                "repo_url",
                "https://gitlab-ci-token:" + TOKEN + "@gitlab.example.com/lab/demo.git");
        git.put("ref", "main")
                .put("sha", "5c1f0a9b3f8e4d2a7b6c5d4e3f2a1b0c9d8e7f6a")
                .put("depth", 20);
        git.putArray("refspecs").add("+refs/heads/main:refs/remotes/origin/main");
        payload.putObject("runner_info").put("timeout", 3600);
        payload.putArray("variables");
        payload.putArray("steps");
        payload.putObject("features").put("trace_sections", true);
    }

    public ObjectNode git() {
        return (ObjectNode) payload.get("git_info");
    }

    public PlanFixture variable(String key, String value) {
        array("variables").addObject().put("key", key).put("value", value).put("public", true);
        return this;
    }

    public PlanFixture raw(String key, String value) {
        array("variables").addObject().put("key", key).put("value", value).put("raw", true);
        return this;
    }

    public PlanFixture file(String key, String value) {
        array("variables").addObject().put("key", key).put("value", value).put("file", true);
        return this;
    }

    public PlanFixture step(String name, String... script) {
        ArrayNode lines = array("steps").addObject().put("name", name).putArray("script");
        for (String line : script) {
            lines.add(line);
        }
        return this;
    }

    public PlanFixture hook(String name, String... script) {
        ArrayNode hooks = payload.has("hooks") ? array("hooks") : payload.putArray("hooks");
        ArrayNode lines = hooks.addObject().put("name", name).putArray("script");
        for (String line : script) {
            lines.add(line);
        }
        return this;
    }

    private ArrayNode array(String name) {
        return (ArrayNode) payload.get(name);
    }

    public RunnerSettings settings() {
        return new RunnerSettings(
                "rack",
                "Zk3QpW9xL",
                "s_0f3e5d7c9b1a",
                "https://gitlab.example.com/",
                cloneUrl,
                "shell",
                "bash",
                environment,
                preGetSources,
                postGetSources,
                preBuild,
                postBuild,
                flags,
                Optional.empty(),
                Optional.empty(),
                debugTraceDisabled,
                customBuildDir,
                cleanGitConfig,
                Optional.of(false),
                RunnerSettings.Output.DEFAULT,
                PRODUCT);
    }

    public JobPlace place() {
        return new JobPlace(
                root + "/builds",
                root + "/cache",
                2,
                1,
                disposable,
                true,
                "pi-1",
                correlationId,
                JobPlace.TlsFiles.NONE);
    }

    public JobPlan plan() throws JobFailure {
        try {
            JobPayload job = Wire.payload(payload.toString().getBytes(StandardCharsets.UTF_8));
            return PlanCompiler.compile(job, settings(), place());
        } catch (JsonProcessingException e) {
            throw new AssertionError("the fixture's payload is no JSON", e);
        }
    }

    public Path project() throws JobFailure {
        return Path.of(plan().directories().project());
    }

    /**
     * Runs the stage with this id as the lane would: the text on the standard input of the shell.
     */
    public Ran run(String shell, String stageId, String status)
            throws JobFailure, IOException, InterruptedException {
        JobPlan plan = plan();
        Stage stage =
                stageId.equals("clear_worktree")
                        ? new Stage.ClearWorktree()
                        : plan.stages().stream()
                                .filter(one -> one.id().equals(stageId))
                                .findFirst()
                                .orElseThrow();
        StageScript script = StageScripts.render(plan, stage, status).orElseThrow();
        return run(root, Map.of(), shell, script.text());
    }

    public Ran run(String shell, String stageId)
            throws JobFailure, IOException, InterruptedException {
        return run(shell, stageId, "running");
    }

    /** Runs a shell on {@code text}, with a HOME of its own under {@code root}. */
    public static Ran run(Path root, Map<String, String> more, String shell, String text)
            throws IOException, InterruptedException {
        Path home = Files.createDirectories(root.resolve("home"));
        Path out = Files.createTempFile(root, "out", "");
        Path err = Files.createTempFile(root, "err", "");
        Path in = Files.createTempFile(root, "in", "");
        Files.writeString(in, text);
        ProcessBuilder builder = new ProcessBuilder(shell).directory(home.toFile());
        Map<String, String> environment =
                new HashMap<>(Map.of("HOME", home.toString(), "PATH", "/usr/bin:/bin"));
        environment.putAll(Map.of("LC_ALL", "C.UTF-8", "GIT_CONFIG_NOSYSTEM", "1"));
        environment.putAll(more);
        builder.environment().clear();
        builder.environment().putAll(environment);
        builder.redirectInput(in.toFile()).redirectOutput(out.toFile()).redirectError(err.toFile());
        Process process = builder.start();
        if (!process.waitFor(4, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new AssertionError(
                    "the script did not end within four minutes: " + Files.readString(out));
        }
        return new Ran(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    /** How a script ended and what it printed. */
    public record Ran(int status, String out, String err) {
        /** The output without colours. */
        public List<String> lines() {
            return out.replaceAll("\u001b\\[[0-9;]*m", "").lines().toList();
        }
    }
}
