package io.armrunner.coordinator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Variable;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The parts of a payload that GitLab fills in by itself (runner-protocol §3.8). */
final class Payloads {
    /** What GitLab claims to know (runner-protocol §3.10). */
    static final List<String> FAILURE_REASONS =
            List.of(
                    "unknown_failure",
                    "script_failure",
                    "api_failure",
                    "stuck_or_timeout_failure",
                    "runner_system_failure",
                    "missing_dependency_failure",
                    "runner_unsupported",
                    "stale_schedule",
                    "job_execution_timeout",
                    "archived_failure",
                    "unmet_prerequisites",
                    "scheduler_failure",
                    "data_integrity_failure",
                    "trace_size_exceeded",
                    "runner_external_dependency_failure",
                    "runner_configuration_error",
                    "runner_interrupted");

    private static final String NO_COMMIT = "0".repeat(40);

    private Payloads() {}

    /** What is built, with all that GitLab tells of it. */
    record Source(
            long projectId,
            String path,
            String ref,
            String refType,
            String sha,
            String beforeSha,
            String message,
            String author,
            String timestamp) {
        static Source none(String ref, String refType) {
            return new Source(1, "local/job", ref, refType, NO_COMMIT, NO_COMMIT, "", "", "");
        }

        static Source read(GitCommand git, Project project, String ref, String refType, String sha)
                throws IOException, InterruptedException {
            String wanted = sha;
            if (wanted.isEmpty()) {
                String full =
                        ref.startsWith("refs/")
                                ? ref
                                : (refType.equals("tag") ? "refs/tags/" : "refs/heads/") + ref;
                wanted = full + "^{commit}";
            }
            String found =
                    git.output(
                            project.repository(),
                            "rev-parse",
                            "--verify",
                            "--end-of-options",
                            wanted);
            String[] told =
                    git.output(
                                    project.repository(),
                                    "log",
                                    "-1",
                                    "--format=%P%x00%an <%ae>%x00%cI%x00%B",
                                    found)
                            .split("\0", 4);
            String parent = told[0].isEmpty() ? NO_COMMIT : told[0].split(" ", 2)[0];
            return new Source(
                    project.id(),
                    project.path(),
                    ref,
                    refType,
                    found,
                    parent,
                    told[3].strip(),
                    told[1],
                    told[2]);
        }

        String name() {
            return path.substring(path.lastIndexOf('/') + 1);
        }

        String namespace() {
            int slash = path.lastIndexOf('/');
            return slash < 0 ? path : path.substring(0, slash);
        }
    }

    static void jobInfo(
            ObjectNode into, long id, String name, String stage, long pipelineId, Source source) {
        into.put("id", id)
                .put("name", name)
                .put("stage", stage)
                .put("pipeline_id", pipelineId)
                .put("project_id", source.projectId())
                .put("project_name", source.name())
                .put("project_full_path", source.path())
                .put("namespace_id", 12)
                .put("root_namespace_id", 12)
                .put("organization_id", 1)
                .put("instance_id", "armrunner")
                .put("instance_uuid", "armrunner")
                .put("user_id", 1)
                .putNull("scoped_user_id")
                .put("time_in_queue_seconds", 0)
                .put("project_jobs_running_on_instance_runners_count", "+Inf")
                .put("queue_size", 0)
                .put("queue_depth", 0);
    }

    static void gitInfo(
            ObjectNode into, URI server, Secret token, long pipelineId, int depth, Source source) {
        into.put("repo_url", repositoryUrl(server, token, source))
                .put("repo_object_format", source.sha().length() == 64 ? "sha256" : "sha1")
                .put("ref", source.ref())
                .put("sha", source.sha())
                .put("before_sha", source.beforeSha())
                .put("ref_type", source.refType());
        ArrayNode refspecs = into.putArray("refspecs");
        refspecs.add("+" + source.sha() + ":refs/pipelines/" + pipelineId);
        // A merge request's commit is fetched by its hash alone: it is on no branch of the project
        // (§3.8.3).
        if (!source.ref().startsWith("refs/merge-requests/")) {
            if (depth == 0) {
                refspecs.add("+refs/heads/*:refs/remotes/origin/*").add("+refs/tags/*:refs/tags/*");
            } else if (source.refType().equals("tag")) {
                refspecs.add("+refs/tags/" + source.ref() + ":refs/tags/" + source.ref());
            } else {
                refspecs.add(
                        "+refs/heads/" + source.ref() + ":refs/remotes/origin/" + source.ref());
            }
        }
        into.put("depth", depth).put("protected", true);
    }

    /** The predefined variables, in GitLab's order. */
    static List<Variable> predefined(
            Coordinator coordinator,
            long id,
            Secret token,
            String name,
            String stage,
            long pipelineId,
            Source source) {
        URI server = coordinator.url();
        String base = server.toString();
        String project = base + "/" + source.path();
        String secret = token.value();
        String hostPort = server.getHost() + ":" + server.getPort();
        List<Variable> all = new ArrayList<>();
        all.add(Variable.of("CI_PIPELINE_ID", Long.toString(pipelineId)));
        all.add(Variable.of("CI_PIPELINE_URL", project + "/-/pipelines/" + pipelineId));
        all.add(Variable.of("CI_JOB_ID", Long.toString(id)));
        all.add(Variable.of("CI_JOB_URL", project + "/-/jobs/" + id));
        all.add(masked("CI_JOB_TOKEN", secret));
        all.add(Variable.of("CI_JOB_STARTED_AT", coordinator.books().now().toString()));
        all.add(Variable.of("CI_REGISTRY_USER", "gitlab-ci-token"));
        all.add(masked("CI_REGISTRY_PASSWORD", secret));
        all.add(
                new Variable(
                        "CI_REPOSITORY_URL",
                        repositoryUrl(server, token, source),
                        false,
                        false,
                        false,
                        false));
        all.add(masked("CI_DEPENDENCY_PROXY_PASSWORD", secret));
        all.add(Variable.of("CI_JOB_NAME", name));
        all.add(Variable.of("CI_JOB_NAME_SLUG", slug(name)));
        all.add(Variable.of("CI_JOB_STAGE", stage));
        all.add(Variable.of("CI_NODE_TOTAL", "1"));
        all.add(Variable.of("CI", "true"));
        all.add(Variable.of("GITLAB_CI", "true"));
        all.add(Variable.of("CI_SERVER_FQDN", hostPort));
        all.add(Variable.of("CI_SERVER_URL", base));
        all.add(Variable.of("CI_SERVER_HOST", server.getHost()));
        all.add(Variable.of("CI_SERVER_PORT", Integer.toString(server.getPort())));
        all.add(Variable.of("CI_SERVER_PROTOCOL", server.getScheme()));
        all.add(Variable.of("CI_SERVER_NAME", "GitLab"));
        all.add(Variable.of("CI_SERVER_VERSION", "19.1.0"));
        all.add(Variable.of("CI_SERVER_VERSION_MAJOR", "19"));
        all.add(Variable.of("CI_SERVER_VERSION_MINOR", "1"));
        all.add(Variable.of("CI_SERVER_VERSION_PATCH", "0"));
        all.add(Variable.of("CI_API_V4_URL", base + "/api/v4"));
        all.add(Variable.of("CI_PROJECT_ID", Long.toString(source.projectId())));
        all.add(Variable.of("CI_PROJECT_NAME", source.name()));
        all.add(Variable.of("CI_PROJECT_TITLE", source.name()));
        all.add(Variable.of("CI_PROJECT_PATH", source.path()));
        all.add(Variable.of("CI_PROJECT_PATH_SLUG", slug(source.path())));
        all.add(Variable.of("CI_PROJECT_NAMESPACE", source.namespace()));
        all.add(Variable.of("CI_PROJECT_ROOT_NAMESPACE", source.path().split("/", 2)[0]));
        all.add(Variable.of("CI_PROJECT_URL", project));
        all.add(Variable.of("CI_DEFAULT_BRANCH", "main"));
        all.add(Variable.of("CI_COMMIT_SHA", source.sha()));
        all.add(Variable.of("CI_COMMIT_SHORT_SHA", source.sha().substring(0, 8)));
        all.add(Variable.of("CI_COMMIT_BEFORE_SHA", source.beforeSha()));
        all.add(Variable.of("CI_COMMIT_REF_NAME", source.ref()));
        all.add(Variable.of("CI_COMMIT_REF_SLUG", slug(source.ref())));
        all.add(Variable.of("CI_COMMIT_REF_PROTECTED", "true"));
        all.add(Variable.of("CI_COMMIT_MESSAGE", source.message()));
        all.add(Variable.of("CI_COMMIT_TITLE", source.message().lines().findFirst().orElse("")));
        all.add(Variable.of("CI_COMMIT_TIMESTAMP", source.timestamp()));
        all.add(Variable.of("CI_COMMIT_AUTHOR", source.author()));
        all.add(Variable.of("CI_PIPELINE_IID", Long.toString(pipelineId)));
        all.add(Variable.of("CI_PIPELINE_SOURCE", "push"));
        all.add(Variable.of("GITLAB_USER_ID", "1"));
        all.add(Variable.of("GITLAB_USER_LOGIN", "dev"));
        all.add(Variable.of("GITLAB_USER_EMAIL", "dev@example.com"));
        all.add(Variable.of("GITLAB_USER_NAME", "Dev"));
        // Filled in when the job is handed out: before that nobody knows by whom it will be run.
        all.add(Variable.of("CI_RUNNER_ID", ""));
        all.add(Variable.of("CI_RUNNER_DESCRIPTION", ""));
        all.add(Variable.of("CI_RUNNER_TAGS", ""));
        if (source.refType().equals("tag")) {
            all.add(Variable.of("CI_COMMIT_TAG", source.ref()));
        } else if (!source.ref().startsWith("refs/merge-requests/")) {
            all.add(Variable.of("CI_COMMIT_BRANCH", source.ref()));
        }
        return all;
    }

    /**
     * A variable as the wire has it: {@code file} and {@code raw} only when they are set (§3.8.5).
     */
    static void put(ArrayNode into, Variable variable) {
        ObjectNode entry = into.addObject();
        entry.put("key", variable.key())
                .put("value", variable.value())
                .put("public", variable.isPublic())
                .put("masked", variable.masked());
        if (variable.file()) {
            entry.put("file", true);
        }
        if (variable.raw()) {
            entry.put("raw", true);
        }
    }

    /** Fills in the variables that tell of the runner, where the payload leaves them empty. */
    static void describeRunner(JsonNode payload, CoordinatorRunner runner) {
        for (JsonNode entry : payload.path("variables")) {
            if (entry instanceof ObjectNode variable && variable.path("value").asText().isEmpty()) {
                switch (variable.path("key").asText()) {
                    case "CI_RUNNER_ID" -> variable.put("value", Long.toString(runner.id()));
                    case "CI_RUNNER_DESCRIPTION" ->
                            variable.put("value", runner.spec().description());
                    case "CI_RUNNER_TAGS" ->
                            variable.put(
                                    "value",
                                    new String(
                                            Wire.bytes(runner.spec().tags()),
                                            StandardCharsets.UTF_8));
                    default -> {}
                }
            }
        }
    }

    /** The gates that a payload shows to need (runner-protocol §11); exit codes do not show. */
    static Set<String> neededFeatures(JsonNode payload) {
        Set<String> needed = new HashSet<>();
        for (JsonNode entry : payload.path("artifacts")) {
            if (!entry.path("artifact_type").asText("archive").equals("archive")) {
                needed.add("upload_multiple_artifacts");
            }
            if (!entry.path("exclude").isEmpty()) {
                needed.add("artifacts_exclude");
            }
        }
        if (payload.path("git_info").path("ref").asText().startsWith("refs/merge-requests/")) {
            needed.add("refspecs");
        }
        for (JsonNode step : payload.path("steps")) {
            if (step.path("name").asText().equals("release")) {
                needed.add("multi_build_steps");
            }
        }
        for (JsonNode entry : payload.path("cache")) {
            if (!entry.path("fallback_keys").isEmpty()) {
                needed.add("fallback_cache_keys");
            }
        }
        if (!payload.path("inputs").isEmpty()) {
            needed.add("job_inputs");
        }
        if (!payload.path("secrets").isEmpty()) {
            needed.add("vault_secrets");
        }
        return needed;
    }

    /**
     * A name fit for host names: lower case, at most 63 characters, all but letters and digits as
     * {@code -}.
     */
    static String slug(String name) {
        var slug = new StringBuilder();
        String lower = name.toLowerCase(Locale.ROOT);
        for (int i = 0; i < lower.length() && slug.length() < 63; i++) {
            char c = lower.charAt(i);
            slug.append((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-');
        }
        int start = 0;
        int end = slug.length();
        while (start < end && slug.charAt(start) == '-') {
            start++;
        }
        while (end > start && slug.charAt(end - 1) == '-') {
            end--;
        }
        return slug.substring(start, end);
    }

    private static String repositoryUrl(URI server, Secret token, Source source) {
        return server.getScheme()
                + "://gitlab-ci-token:"
                + token.value()
                + "@"
                + server.getHost()
                + ":"
                + server.getPort()
                + "/"
                + source.path()
                + ".git";
    }

    private static Variable masked(String key, String value) {
        return new Variable(key, value, false, true, false, false);
    }
}
