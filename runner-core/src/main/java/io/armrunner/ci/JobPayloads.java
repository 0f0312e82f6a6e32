package io.armrunner.ci;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.Artifacts;
import io.armrunner.spec.Cache;
import io.armrunner.spec.Dependency;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.Hook;
import io.armrunner.spec.Image;
import io.armrunner.spec.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Writes a job as GitLab hands it to a runner (runner-protocol §3.8). Static and pure. */
public final class JobPayloads {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private JobPayloads() {}

    /**
     * The body of the answer to {@code POST /jobs/request}.
     *
     * <p>Variables come in GitLab's order, a later one wins: predefined, of the file, of the job
     * and its rule, and those the user gave; references among them are filled in as GitLab does,
     * the rest is the runner's.
     */
    public static ObjectNode payload(Pipeline pipeline, PipelineJob job, PayloadContext context) {
        List<Variable> variables = variables(pipeline, job, context);
        long timeout = job.timeout().orElse(context.defaultTimeout()).toSeconds();
        ObjectNode payload = NODES.objectNode();
        payload.put("id", context.jobId());
        payload.put("token", context.jobToken().value());
        payload.put("allow_git_fetch", context.allowGitFetch());
        payload.set("job_info", jobInfo(pipeline, job, context));
        payload.set("git_info", gitInfo(pipeline, variables, context));
        payload.set(
                "runner_info",
                NODES.objectNode().put("timeout", timeout).putNull("runner_session_url"));
        payload.putArray("inputs");
        payload.set("variables", variableNodes(variables));
        payload.set("steps", steps(job, timeout));
        payload.set("hooks", hooks(job.hooks()));
        payload.set(
                "image",
                job.image()
                        .<com.fasterxml.jackson.databind.JsonNode>map(image -> image(image, false))
                        .orElse(NODES.nullNode()));
        ArrayNode services = payload.putArray("services");
        job.services().forEach(service -> services.add(image(service, true)));
        payload.set("artifacts", artifacts(job.artifacts()));
        ArrayNode caches = payload.putArray("cache");
        job.cache().forEach(cache -> caches.add(cache(cache)));
        payload.putArray("credentials");
        payload.set("dependencies", dependencies(context.dependencies()));
        payload.set("features", features());
        payload.set(
                "policy_options",
                NODES.objectNode().put("execution_policy_job", false).putNull("policy_name"));
        return payload;
    }

    private static ObjectNode jobInfo(Pipeline pipeline, PipelineJob job, PayloadContext context) {
        String path = pipeline.git().projectPath();
        return NODES.objectNode()
                .put("id", context.jobId())
                .put("name", job.name())
                .put("stage", job.stage())
                .put("pipeline_id", context.pipelineId())
                .put("project_id", context.projectId())
                .put("project_name", path.substring(path.lastIndexOf('/') + 1))
                .put("project_full_path", path)
                .put("namespace_id", 1)
                .put("root_namespace_id", 1)
                .put("organization_id", 1)
                .put("user_id", context.user().id())
                .put("time_in_queue_seconds", 0)
                .put("project_jobs_running_on_instance_runners_count", "0")
                .put("queue_size", 0)
                .put("queue_depth", 0);
    }

    private static ObjectNode gitInfo(
            Pipeline pipeline, List<Variable> variables, PayloadContext context) {
        GitContext git = pipeline.git();
        ObjectNode info =
                NODES.objectNode()
                        .put("repo_url", context.repoUrl().value())
                        .put("repo_object_format", git.sha().length() == 64 ? "sha256" : "sha1")
                        .put("ref", git.ref())
                        .put("sha", git.sha())
                        .put("before_sha", git.beforeSha())
                        .put("ref_type", context.refType());
        ArrayNode refspecs = info.putArray("refspecs");
        context.refspecs().forEach(refspecs::add);
        info.put("depth", depth(variables, context.depth()));
        return info.put("protected", git.isProtected());
    }

    /** {@code GIT_DEPTH} of the job; one that is no number is as if not given, as in GitLab. */
    private static int depth(List<Variable> variables, int otherwise) {
        int depth = otherwise;
        for (Variable variable : variables) {
            if (variable.key().equals("GIT_DEPTH")
                    && !variable.value().isEmpty()
                    && variable.value().length() < 9
                    && variable.value().chars().allMatch(c -> c >= '0' && c <= '9')) {
                depth = Integer.parseInt(variable.value());
            }
        }
        return depth;
    }

    private static List<Variable> variables(
            Pipeline pipeline, PipelineJob job, PayloadContext context) {
        List<Variable> all = new ArrayList<>(96);
        String server = withoutSlash(context.serverUrl().toString());
        String project = server + "/" + pipeline.git().projectPath();
        String token = context.jobToken().value();
        add(all, "CI_PIPELINE_ID", Long.toString(context.pipelineId()));
        add(all, "CI_PIPELINE_URL", project + "/-/pipelines/" + context.pipelineId());
        add(all, "CI_JOB_ID", Long.toString(context.jobId()));
        add(all, "CI_JOB_URL", project + "/-/jobs/" + context.jobId());
        all.add(new Variable("CI_JOB_TOKEN", token, false, true, false, false));
        add(all, "CI_JOB_STARTED_AT", context.startedAt().toString());
        add(all, "CI_REGISTRY_USER", "gitlab-ci-token");
        all.add(new Variable("CI_REGISTRY_PASSWORD", token, false, true, false, false));
        all.add(
                new Variable(
                        "CI_REPOSITORY_URL",
                        context.repoUrl().value(),
                        false,
                        false,
                        false,
                        false));
        all.add(new Variable("CI_DEPENDENCY_PROXY_PASSWORD", token, false, true, false, false));
        add(all, "CI_JOB_NAME", job.name());
        add(all, "CI_JOB_NAME_SLUG", PredefinedVariables.slug(job.name()));
        add(all, "CI_JOB_STAGE", job.stage());
        job.image().ifPresent(image -> add(all, "CI_JOB_IMAGE", image.name()));
        if (job.when() == PipelineJob.When.MANUAL) {
            add(all, "CI_JOB_MANUAL", "true");
        }
        if (job.nodeIndex() > 0) {
            add(all, "CI_NODE_INDEX", Integer.toString(job.nodeIndex()));
        }
        add(all, "CI_NODE_TOTAL", Integer.toString(job.nodeTotal()));
        if (!job.environment().isEmpty()) {
            add(all, "CI_ENVIRONMENT_NAME", job.environment());
            add(all, "CI_ENVIRONMENT_SLUG", PredefinedVariables.slug(job.environment()));
        }
        addServer(all, server, project, context);
        all.addAll(PredefinedVariables.ofPipeline(pipeline.git(), pipeline.options()));
        add(all, "CI_PIPELINE_IID", Long.toString(context.pipelineIid()));
        if (!pipeline.name().isEmpty()) {
            add(all, "CI_PIPELINE_NAME", pipeline.name());
        }
        add(all, "GITLAB_USER_ID", Long.toString(context.user().id()));
        add(all, "GITLAB_USER_LOGIN", context.user().login());
        add(all, "GITLAB_USER_EMAIL", context.user().email());
        add(all, "GITLAB_USER_NAME", context.user().name());
        add(all, "CI_RUNNER_ID", Long.toString(context.runner().id()));
        add(all, "CI_RUNNER_DESCRIPTION", context.runner().description());
        ArrayNode tags = NODES.arrayNode();
        context.runner().tags().forEach(tags::add);
        add(all, "CI_RUNNER_TAGS", tags.toString());
        all.addAll(job.variables());
        all.addAll(pipeline.options().variables());
        return VariableExpansion.expand(all);
    }

    private static void addServer(
            List<Variable> all, String server, String project, PayloadContext context) {
        int port = context.serverUrl().getPort();
        String scheme = Optional.ofNullable(context.serverUrl().getScheme()).orElse("http");
        String host = Optional.ofNullable(context.serverUrl().getHost()).orElse("localhost");
        int usual = scheme.equals("https") ? 443 : 80;
        List<String> version = List.of(context.serverVersion().split("\\.", -1));
        add(all, "CI_SERVER_FQDN", port < 0 || port == usual ? host : host + ":" + port);
        add(all, "CI_SERVER_URL", server);
        add(all, "CI_SERVER_HOST", host);
        add(all, "CI_SERVER_PORT", Integer.toString(port < 0 ? usual : port));
        add(all, "CI_SERVER_PROTOCOL", scheme);
        add(all, "CI_SERVER_NAME", "GitLab");
        add(all, "CI_SERVER_VERSION", context.serverVersion());
        add(all, "CI_SERVER_VERSION_MAJOR", version.getFirst());
        add(all, "CI_SERVER_VERSION_MINOR", version.size() > 1 ? version.get(1) : "0");
        add(all, "CI_SERVER_VERSION_PATCH", version.size() > 2 ? version.get(2) : "0");
        add(all, "CI_API_V4_URL", server + "/api/v4");
        add(all, "CI_PROJECT_ID", Long.toString(context.projectId()));
        add(all, "CI_PROJECT_URL", project);
    }

    private static String withoutSlash(String url) {
        return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
    }

    private static void add(List<Variable> all, String key, String value) {
        all.add(Variable.of(key, value));
    }

    private static ArrayNode variableNodes(List<Variable> variables) {
        ArrayNode nodes = NODES.arrayNode(variables.size());
        for (Variable variable : variables) {
            ObjectNode node =
                    nodes.addObject()
                            .put("key", variable.key())
                            .put("value", variable.value())
                            .put("public", variable.isPublic())
                            .put("masked", variable.masked());
            // GitLab sends these two only when they are true.
            if (variable.file()) {
                node.put("file", true);
            }
            if (variable.raw()) {
                node.put("raw", true);
            }
        }
        return nodes;
    }

    private static ArrayNode steps(PipelineJob job, long timeout) {
        ArrayNode steps = NODES.arrayNode();
        steps.add(step("script", job.script(), timeout, "on_success", false));
        if (!job.afterScript().isEmpty()) {
            steps.add(step("after_script", job.afterScript(), timeout, "always", true));
        }
        return steps;
    }

    private static ObjectNode step(
            String name, List<String> script, long timeout, String when, boolean allowFailure) {
        ObjectNode step = NODES.objectNode().put("name", name);
        step.set("script", texts(script));
        return step.put("timeout", timeout).put("when", when).put("allow_failure", allowFailure);
    }

    private static ArrayNode texts(List<String> texts) {
        ArrayNode nodes = NODES.arrayNode(texts.size());
        texts.forEach(nodes::add);
        return nodes;
    }

    private static ArrayNode hooks(List<Hook> hooks) {
        ArrayNode nodes = NODES.arrayNode();
        hooks.forEach(hook ->
                nodes.addObject().put("name", hook.name()).set("script", texts(hook.script())));
        return nodes;
    }

    private static ObjectNode image(Image image, boolean service) {
        ObjectNode node = NODES.objectNode().put("name", image.name());
        node.set(
                "entrypoint",
                image.entrypoint().isEmpty() ? NODES.nullNode() : texts(image.entrypoint()));
        node.putArray("ports");
        node.set(
                "pull_policy",
                image.pullPolicy().isEmpty() ? NODES.nullNode() : texts(image.pullPolicy()));
        ObjectNode options = node.putObject("executor_opts");
        image.executorOpts().forEach(options::set);
        if (service) {
            node.put("alias", image.alias().isEmpty() ? null : image.alias());
            node.set(
                    "command",
                    image.command().isEmpty() ? NODES.nullNode() : texts(image.command()));
            ArrayNode variables = node.putArray("variables");
            image.variables()
                    .forEach(variable ->
                            variables
                                    .addObject()
                                    .put("key", variable.key())
                                    .put("value", variable.value()));
        }
        return node;
    }

    private static com.fasterxml.jackson.databind.JsonNode artifacts(List<Artifacts> artifacts) {
        if (artifacts.isEmpty()) {
            return NODES.nullNode();
        }
        ArrayNode nodes = NODES.arrayNode();
        for (Artifacts one : artifacts) {
            ObjectNode node = nodes.addObject();
            node.put("name", one.name().isEmpty() ? null : one.name());
            node.put("untracked", one.untracked());
            node.set("paths", texts(one.paths()));
            if (!one.exclude().isEmpty()) {
                node.set("exclude", texts(one.exclude()));
            }
            node.put("when", one.when());
            node.put("expire_in", one.expireIn().isEmpty() ? null : one.expireIn());
            node.put("artifact_type", one.artifactType());
            node.put("artifact_format", one.artifactFormat());
        }
        return nodes;
    }

    private static ObjectNode cache(Cache cache) {
        ObjectNode node =
                NODES.objectNode().put("key", cache.key()).put("untracked", cache.untracked());
        node.set("paths", texts(cache.paths()));
        node.put("policy", cache.policy()).put("when", cache.when());
        node.set("fallback_keys", texts(cache.fallbackKeys()));
        return node;
    }

    private static ArrayNode dependencies(List<Dependency> dependencies) {
        ArrayNode nodes = NODES.arrayNode();
        for (Dependency dependency : dependencies) {
            ObjectNode node =
                    nodes.addObject()
                            .put("id", dependency.id())
                            .put("name", dependency.name())
                            .put("token", dependency.token().value());
            if (!dependency.artifactsFile().filename().isEmpty()) {
                node.putObject("artifacts_file")
                        .put("filename", dependency.artifactsFile().filename())
                        .put("size", dependency.artifactsFile().size());
            }
        }
        return nodes;
    }

    private static ObjectNode features() {
        ObjectNode features = NODES.objectNode().put("trace_sections", true);
        features.putArray("token_mask_prefixes").add("glpat-");
        ArrayNode reasons = features.putArray("failure_reasons");
        for (FailureReason reason : FailureReason.values()) {
            reasons.add(reason.wireName());
        }
        return features;
    }
}
