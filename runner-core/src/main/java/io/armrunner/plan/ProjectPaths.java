package io.armrunner.plan;

import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Where a project's working copy is (job-semantics §3.1), worked out on text: the directories may
 * be elsewhere.
 */
final class ProjectPaths {
    private ProjectPaths() {}

    /**
     * The project's part of a path: that of its URL without {@code .git}; {@code project-<id>} if
     * there is none.
     */
    static String slug(String repoUrl, long projectId) {
        int scheme = repoUrl.indexOf("://");
        int start = scheme < 0 ? -1 : repoUrl.indexOf('/', scheme + 3);
        String path = start < 0 ? "" : repoUrl.substring(start);
        int end = path.indexOf('?');
        path = end < 0 ? path : path.substring(0, end);
        path = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
        path = path.endsWith(".git") ? path.substring(0, path.length() - ".git".length()) : path;
        String cleaned = clean("/" + path).substring(1);
        return cleaned.isEmpty() ? "project-" + projectId : cleaned;
    }

    /**
     * {@code path} without {@code .}, {@code ..}, double slashes and a slash at its end, as Go
     * cleans an absolute path.
     */
    static String clean(String path) {
        Deque<String> parts = new ArrayDeque<>();
        for (String part : path.split("/", -1)) {
            if (part.equals("..")) {
                parts.pollLast();
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.addLast(part);
            }
        }
        return "/" + String.join("/", parts);
    }

    /**
     * The project directory that {@code GIT_CLONE_PATH} asks for, if this runner allows it there.
     */
    static String cloneDirectory(String wanted, String buildsRoot, boolean allowed)
            throws JobFailure {
        if (!allowed) {
            throw new JobFailure(
                    FailureReason.RUNNER_CONFIGURATION_ERROR,
                    "setting GIT_CLONE_PATH is not allowed, enable `custom_build_dir` feature");
        }
        String root = clean(buildsRoot);
        String path = clean(wanted);
        boolean within = path.equals(root) || path.startsWith(root.equals("/") ? "/" : root + "/");
        if (!wanted.startsWith("/") || !within) {
            throw new JobFailure(
                    FailureReason.RUNNER_CONFIGURATION_ERROR,
                    "the GIT_CLONE_PATH=\"%s\" has to be within \"%s\""
                            .formatted(wanted, buildsRoot));
        }
        return path;
    }
}
