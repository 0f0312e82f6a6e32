package io.armrunner.coordinator;

import java.util.OptionalLong;

/**
 * What a request is for, as its method and path say.
 *
 * @param jobId of a call on a job
 * @param project the project's path of a git call; empty otherwise
 */
record Route(Endpoint endpoint, OptionalLong jobId, String project) {
    private static final String API = "/api/v4";
    private static final String LFS_BATCH = "/info/lfs/objects/batch";
    private static final String LFS_FILES = "/gitlab-lfs/objects";

    static Route of(String method, String path) {
        if (path.startsWith(API + "/")) {
            return api(method, path.substring(API.length()));
        }
        return git(method, path);
    }

    boolean isGit() {
        return switch (endpoint) {
            case GIT_REFS, GIT_FETCH, GIT_PUSH, GIT_LFS -> true;
            case REGISTER,
                    VERIFY,
                    RESET_TOKEN,
                    DELETE_RUNNER,
                    DELETE_MANAGER,
                    DISCOVERY,
                    JOB_REQUEST ->
                    false;
            case UPDATE, FINAL_UPDATE, TRACE, UPLOAD, DOWNLOAD, STORAGE, OTHER -> false;
        };
    }

    Route as(Endpoint other) {
        return new Route(other, jobId, project);
    }

    private static Route api(String method, String path) {
        Endpoint fixed =
                switch (method + " " + path) {
                    case "POST /runners" -> Endpoint.REGISTER;
                    case "POST /runners/verify" -> Endpoint.VERIFY;
                    case "POST /runners/reset_authentication_token" -> Endpoint.RESET_TOKEN;
                    case "DELETE /runners" -> Endpoint.DELETE_RUNNER;
                    case "DELETE /runners/managers" -> Endpoint.DELETE_MANAGER;
                    case "GET /runners/router/discovery" -> Endpoint.DISCOVERY;
                    case "POST /jobs/request" -> Endpoint.JOB_REQUEST;
                    default -> Endpoint.OTHER;
                };
        if (fixed != Endpoint.OTHER || !path.startsWith("/jobs/")) {
            return new Route(fixed, OptionalLong.empty(), "");
        }
        String rest = path.substring("/jobs/".length());
        int slash = rest.indexOf('/');
        String number = slash < 0 ? rest : rest.substring(0, slash);
        String tail = slash < 0 ? "" : rest.substring(slash);
        long id;
        try {
            id = Long.parseLong(number);
        } catch (NumberFormatException e) {
            return new Route(Endpoint.OTHER, OptionalLong.empty(), "");
        }
        Endpoint endpoint =
                switch (method + " " + tail) {
                    case "PUT " -> Endpoint.UPDATE;
                    case "PATCH /trace" -> Endpoint.TRACE;
                    case "POST /artifacts" -> Endpoint.UPLOAD;
                    case "GET /artifacts" -> Endpoint.DOWNLOAD;
                    default -> Endpoint.OTHER;
                };
        return new Route(endpoint, OptionalLong.of(id), "");
    }

    private static Route git(String method, String path) {
        Endpoint endpoint = Endpoint.OTHER;
        String tail = "";
        if (method.equals("GET") && path.endsWith("/info/refs")) {
            endpoint = Endpoint.GIT_REFS;
            tail = "/info/refs";
        } else if (method.equals("POST") && path.endsWith("/git-upload-pack")) {
            endpoint = Endpoint.GIT_FETCH;
            tail = "/git-upload-pack";
        } else if (method.equals("POST") && path.endsWith("/git-receive-pack")) {
            endpoint = Endpoint.GIT_PUSH;
            tail = "/git-receive-pack";
        } else if (method.equals("POST") && path.endsWith(LFS_BATCH)) {
            endpoint = Endpoint.GIT_LFS;
            tail = LFS_BATCH;
        } else if (method.equals("GET") && path.lastIndexOf('/') > 0) {
            String above = path.substring(0, path.lastIndexOf('/'));
            if (above.endsWith(LFS_FILES)) {
                endpoint = Endpoint.GIT_LFS;
                tail = LFS_FILES + path.substring(above.length());
            }
        }
        if (endpoint == Endpoint.OTHER) {
            return new Route(endpoint, OptionalLong.empty(), "");
        }
        String project = path.substring(1, path.length() - tail.length());
        if (project.endsWith(".git")) {
            project = project.substring(0, project.length() - ".git".length());
        }
        return new Route(endpoint, OptionalLong.empty(), project);
    }
}
