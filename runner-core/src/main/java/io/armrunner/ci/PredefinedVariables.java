package io.armrunner.ci;

import io.armrunner.spec.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The {@code CI_…} variables that GitLab sets; static rules. */
final class PredefinedVariables {
    // What fits into a host name, GitLab's limit for slugs.
    private static final int SLUG_LENGTH = 63;

    private PredefinedVariables() {}

    /** Those known when the pipeline is made, which {@code rules} may ask for. */
    static List<Variable> ofPipeline(GitContext git, PipelineOptions options) {
        List<Variable> all = new ArrayList<>(48);
        add(all, "CI", "true");
        add(all, "GITLAB_CI", "true");
        String path = git.projectPath();
        int slash = path.lastIndexOf('/');
        add(all, "CI_PROJECT_NAME", path.substring(slash + 1));
        add(all, "CI_PROJECT_TITLE", path.substring(slash + 1));
        add(all, "CI_PROJECT_PATH", path);
        add(all, "CI_PROJECT_PATH_SLUG", slug(path));
        add(all, "CI_PROJECT_NAMESPACE", slash < 0 ? "" : path.substring(0, slash));
        add(
                all,
                "CI_PROJECT_ROOT_NAMESPACE",
                slash < 0 ? "" : path.substring(0, path.indexOf('/')));
        add(all, "CI_DEFAULT_BRANCH", git.defaultBranch());
        add(all, "CI_CONFIG_PATH", ".gitlab-ci.yml");
        add(all, "CI_COMMIT_SHA", git.sha());
        add(all, "CI_COMMIT_SHORT_SHA", git.sha().substring(0, Math.min(8, git.sha().length())));
        add(all, "CI_COMMIT_BEFORE_SHA", git.beforeSha());
        add(all, "CI_COMMIT_REF_NAME", git.ref());
        add(all, "CI_COMMIT_REF_SLUG", slug(git.ref()));
        add(all, "CI_COMMIT_REF_PROTECTED", Boolean.toString(git.isProtected()));
        addCommit(all, git);
        add(all, "CI_PIPELINE_SOURCE", options.pipelineSource());
        if (options.mergeRequest().isPresent()) {
            addMergeRequest(all, git, options.mergeRequest().get());
        } else if (git.tag().isPresent()) {
            add(all, "CI_COMMIT_TAG", git.tag().get());
            add(all, "CI_COMMIT_TAG_MESSAGE", "");
        } else {
            add(all, "CI_COMMIT_BRANCH", git.branch());
        }
        return all;
    }

    private static void addCommit(List<Variable> all, GitContext git) {
        String message = git.message().strip();
        int line = message.indexOf('\n');
        add(all, "CI_COMMIT_MESSAGE", message);
        add(all, "CI_COMMIT_TITLE", line < 0 ? message : message.substring(0, line));
        add(all, "CI_COMMIT_DESCRIPTION", line < 0 ? "" : message.substring(line).strip());
        add(all, "CI_COMMIT_TIMESTAMP", git.timestamp());
        add(all, "CI_COMMIT_AUTHOR", git.author());
    }

    private static void addMergeRequest(
            List<Variable> all, GitContext git, PipelineOptions.MergeRequest request) {
        add(all, "CI_MERGE_REQUEST_ID", Long.toString(request.iid()));
        add(all, "CI_MERGE_REQUEST_IID", Long.toString(request.iid()));
        add(all, "CI_MERGE_REQUEST_REF_PATH", "refs/merge-requests/" + request.iid() + "/head");
        add(all, "CI_MERGE_REQUEST_PROJECT_PATH", git.projectPath());
        add(all, "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", git.projectPath());
        add(all, "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", git.branch());
        add(all, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", request.targetBranch());
        // Set for merged-results pipelines only; one for the branch itself has them empty.
        add(all, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "");
        add(all, "CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "");
        add(all, "CI_MERGE_REQUEST_DIFF_BASE_SHA", request.targetSha());
        add(all, "CI_MERGE_REQUEST_TITLE", request.title());
        add(all, "CI_MERGE_REQUEST_LABELS", request.labels());
        add(all, "CI_MERGE_REQUEST_EVENT_TYPE", "detached");
        add(all, "CI_OPEN_MERGE_REQUESTS", git.projectPath() + "!" + request.iid());
    }

    private static void add(List<Variable> all, String key, String value) {
        all.add(Variable.of(key, value));
    }

    /** Lower case, 63 characters, anything but letters and digits a dash, none at the ends. */
    static String slug(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        StringBuilder out = new StringBuilder(lower.length());
        for (int i = 0; i < lower.length() && i < SLUG_LENGTH; i++) {
            char c = lower.charAt(i);
            out.append((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-');
        }
        int from = 0;
        int to = out.length();
        while (from < to && out.charAt(from) == '-') {
            from++;
        }
        while (to > from && out.charAt(to - 1) == '-') {
            to--;
        }
        return out.substring(from, to);
    }
}
