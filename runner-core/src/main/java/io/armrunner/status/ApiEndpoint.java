package io.armrunner.status;

import io.armrunner.http.HttpRequest;
import java.util.Optional;

/** The calls that metrics tell apart, in GitLab Runner's words. */
enum ApiEndpoint {
    REQUEST_JOB("request_job"),
    UPDATE_JOB("update_job"),
    PATCH_TRACE("patch_trace");

    private final String word;

    ApiEndpoint(String word) {
        this.word = word;
    }

    String word() {
        return word;
    }

    /** The one that a request calls; empty for artifacts and what is not about jobs. */
    static Optional<ApiEndpoint> of(HttpRequest request) {
        String path = request.uri().getPath();
        return switch (request.method()) {
            case "POST" ->
                    path.endsWith("/jobs/request") ? Optional.of(REQUEST_JOB) : Optional.empty();
            case "PUT" -> path.contains("/jobs/") ? Optional.of(UPDATE_JOB) : Optional.empty();
            case "PATCH" -> path.endsWith("/trace") ? Optional.of(PATCH_TRACE) : Optional.empty();
            default -> Optional.empty();
        };
    }
}
