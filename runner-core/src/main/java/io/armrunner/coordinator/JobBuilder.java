package io.armrunner.coordinator;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Variable;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes the complete payload of a job as GitLab does, predefined variables included, and queues it.
 * From {@link Coordinator#job}; used by one thread, once.
 *
 * <p>Without a {@link #project} the job has no sources: its {@code git_info} points nowhere and
 * {@code GIT_STRATEGY} is {@code none}.
 */
public final class JobBuilder {
    private static final Duration HOUR = Duration.ofHours(1);

    private final Coordinator coordinator;
    private final String name;
    private final ObjectNode payload = Wire.mapper().createObjectNode();
    private final List<Variable> variables = new ArrayList<>();
    private final List<CoordinatorJob> dependencies = new ArrayList<>();
    private final Set<String> tags = new LinkedHashSet<>();
    private final Set<String> features = new LinkedHashSet<>();
    private final List<Consumer<ObjectNode>> changes = new ArrayList<>();
    private final ArrayNode steps = Wire.mapper().createArrayNode();
    private final ArrayNode artifacts = Wire.mapper().createArrayNode();
    private final ArrayNode cache = Wire.mapper().createArrayNode();
    private final ArrayNode hooks = Wire.mapper().createArrayNode();
    private final ArrayNode services = Wire.mapper().createArrayNode();
    private @Nullable ObjectNode image;
    private @Nullable Project project;
    private String stage = "test";
    private String ref = "main";
    private String refType = "branch";
    private String sha = "";
    private int depth = 20; // GitLab's default for new projects
    private long pipelineId = 900;
    private Duration timeout = HOUR;
    private List<String> failureReasons = Payloads.FAILURE_REASONS;

    JobBuilder(Coordinator coordinator, String name) {
        this.coordinator = coordinator;
        this.name = name;
    }

    /** The stage's name; {@code test} unless said. */
    public JobBuilder stage(String named) {
        stage = named;
        return this;
    }

    /** Where the sources are. */
    public JobBuilder project(Project from) {
        project = from;
        return this;
    }

    /** The branch to build; its tip unless {@link #commit} says otherwise. */
    public JobBuilder branch(String named) {
        ref = named;
        refType = "branch";
        return this;
    }

    /** The tag to build. */
    public JobBuilder tag(String named) {
        ref = named;
        refType = "tag";
        return this;
    }

    /** A merge request's ref, such as {@code refs/merge-requests/7/head}; needs {@link #commit}. */
    public JobBuilder mergeRequestRef(String named) {
        ref = named;
        refType = "branch";
        return this;
    }

    /** The commit to build. */
    public JobBuilder commit(String hash) {
        sha = hash;
        return this;
    }

    /** How many commits to fetch; 0 = all. 20 unless said. */
    public JobBuilder depth(int commits) {
        depth = commits;
        return this;
    }

    /** The pipeline that the job belongs to. */
    public JobBuilder pipeline(long id) {
        pipelineId = id;
        return this;
    }

    /** The lines of {@code before_script} and {@code script} together. */
    public JobBuilder script(String... lines) {
        return step("script", "on_success", false, lines);
    }

    /** The lines of {@code after_script}. */
    public JobBuilder afterScript(String... lines) {
        return step("after_script", "always", true, lines);
    }

    /** A step of another name, such as {@code release}. */
    public JobBuilder step(String stepName, String when, boolean allowFailure, String... lines) {
        ObjectNode step = steps.addObject();
        step.put("name", stepName);
        ArrayNode script = step.putArray("script");
        for (String line : lines) {
            script.add(line);
        }
        step.put("when", when).put("allow_failure", allowFailure);
        return this;
    }

    /** A variable that anybody may see. */
    public JobBuilder variable(String key, String value) {
        return variable(Variable.of(key, value));
    }

    /** A variable that the log must not show. */
    public JobBuilder maskedVariable(String key, String value) {
        return variable(new Variable(key, value, false, true, false, false));
    }

    /** A variable whose value goes into a file. */
    public JobBuilder fileVariable(String key, String value) {
        return variable(new Variable(key, value, false, false, true, false));
    }

    /** A variable that is not expanded. */
    public JobBuilder rawVariable(String key, String value) {
        return variable(new Variable(key, value, true, false, false, true));
    }

    /** Any variable; a later one of the same name wins. */
    public JobBuilder variable(Variable variable) {
        variables.add(variable);
        return this;
    }

    /** The user's archive, uploaded when the job succeeds. */
    public JobBuilder artifacts(String... paths) {
        return artifacts("on_success", List.of(paths), List.of());
    }

    /** The user's archive. */
    public JobBuilder artifacts(String when, List<String> paths, List<String> exclude) {
        ObjectNode entry = artifact("archive", "zip", when, paths);
        if (!exclude.isEmpty()) {
            exclude.forEach(entry.putArray("exclude")::add);
        }
        return this;
    }

    /** A report of {@code artifacts:reports}, with its type's format and file name. */
    public JobBuilder report(String type, String... paths) {
        ArtifactTypes.Kind kind =
                ArtifactTypes.kind(type)
                        .orElseThrow(() ->
                                new IllegalArgumentException(
                                        "GitLab knows no artifact type " + type));
        artifact(type, kind.format(), "always", List.of(paths)).put("name", kind.filename());
        return this;
    }

    /** An entry of {@code artifacts} as it is. */
    public JobBuilder artifacts(ObjectNode entry) {
        artifacts.add(entry);
        return this;
    }

    /** A cache that is fetched and stored. */
    public JobBuilder cache(String key, String... paths) {
        ObjectNode entry = Wire.mapper().createObjectNode();
        entry.put("key", key).put("untracked", false);
        List.of(paths).forEach(entry.putArray("paths")::add);
        entry.put("policy", "pull-push").put("when", "on_success").putArray("fallback_keys");
        return cache(entry);
    }

    /** An entry of {@code cache} as it is. */
    public JobBuilder cache(ObjectNode entry) {
        cache.add(entry);
        return this;
    }

    /** A hook: {@code pre_get_sources_script} or {@code post_get_sources_script}. */
    public JobBuilder hook(String hookName, String... lines) {
        ObjectNode hook = hooks.addObject().put("name", hookName);
        List.of(lines).forEach(hook.putArray("script")::add);
        return this;
    }

    /** The container image. */
    public JobBuilder image(String reference) {
        image = Wire.mapper().createObjectNode().put("name", reference);
        return this;
    }

    /** The container image as it is on the wire. */
    public JobBuilder image(ObjectNode described) {
        image = described;
        return this;
    }

    /** A service with the host names of {@code alias}; empty = those of the image's name. */
    public JobBuilder service(String reference, String alias) {
        ObjectNode service = Wire.mapper().createObjectNode().put("name", reference);
        if (!alias.isEmpty()) {
            service.put("alias", alias);
        }
        return service(service);
    }

    /** A service as it is on the wire. */
    public JobBuilder service(ObjectNode described) {
        services.add(described);
        return this;
    }

    /** A job whose archive this one gets; this job waits in the queue until that one has ended. */
    public JobBuilder dependsOn(CoordinatorJob earlier) {
        dependencies.add(earlier);
        return this;
    }

    /** The job's time-out, in whole seconds; an hour unless said. */
    public JobBuilder timeout(Duration limit) {
        timeout = limit;
        return this;
    }

    /** Tags that the runner must have. */
    public JobBuilder tags(String... wanted) {
        tags.addAll(List.of(wanted));
        return this;
    }

    /** A feature that the runner must have, besides those that the payload shows to be needed. */
    public JobBuilder needs(String feature) {
        features.add(feature);
        return this;
    }

    /** The failure reasons that the server claims to know. */
    public JobBuilder failureReasons(List<String> known) {
        failureReasons = List.copyOf(known);
        return this;
    }

    /** A last change of the finished payload, for what has no method of its own. */
    public JobBuilder customize(Consumer<ObjectNode> change) {
        changes.add(change);
        return this;
    }

    /** Queues the job. */
    public CoordinatorJob enqueue() throws IOException, InterruptedException {
        long id = coordinator.books().nextId();
        Secret token = coordinator.books().token("glcbt-64_");
        payload.put("id", id).put("token", token.value()).put("allow_git_fetch", true);
        Payloads.Source source = source();
        Payloads.jobInfo(payload.putObject("job_info"), id, name, stage, pipelineId, source);
        Payloads.gitInfo(
                payload.putObject("git_info"), coordinator.url(), token, pipelineId, depth, source);
        payload.putObject("runner_info")
                .put("timeout", timeout.toSeconds())
                .putNull("runner_session_url");
        payload.putArray("inputs");
        ArrayNode all = payload.putArray("variables");
        Payloads.predefined(coordinator, id, token, name, stage, pipelineId, source)
                .forEach(variable -> Payloads.put(all, variable));
        if (project == null) {
            Payloads.put(all, Variable.of("GIT_STRATEGY", "none"));
        }
        variables.forEach(variable -> Payloads.put(all, variable));
        steps.forEach(step -> ((ObjectNode) step).put("timeout", timeout.toSeconds()));
        payload.set("steps", steps);
        payload.set("image", image == null ? payload.nullNode() : image);
        payload.set("services", services);
        payload.set("artifacts", artifacts.isEmpty() ? payload.nullNode() : artifacts);
        payload.set("cache", cache);
        payload.putArray("credentials");
        payload.putArray("dependencies");
        payload.set("hooks", hooks);
        ObjectNode server = payload.putObject("features");
        server.put("trace_sections", true).putArray("token_mask_prefixes").add("glpat-");
        failureReasons.forEach(server.putArray("failure_reasons")::add);
        payload.putObject("policy_options")
                .put("execution_policy_job", false)
                .putNull("policy_name");
        changes.forEach(change -> change.accept(payload));
        return coordinator.enqueue(payload, tags, features, dependencies);
    }

    private Payloads.Source source() throws IOException, InterruptedException {
        if (project == null) {
            return Payloads.Source.none(ref, refType);
        }
        return Payloads.Source.read(coordinator.git(), project, ref, refType, sha);
    }

    private ObjectNode artifact(String type, String format, String when, List<String> paths) {
        ObjectNode entry = artifacts.addObject();
        entry.putNull("name").put("untracked", false);
        paths.forEach(entry.putArray("paths")::add);
        entry.put("when", when)
                .putNull("expire_in")
                .put("artifact_type", type)
                .put("artifact_format", format);
        return entry;
    }
}
