package io.armrunner.codebuild.fake;

import java.io.Serial;

/** What a service answers instead of a result, with AWS's own code. */
final class ServiceError extends Exception {
    @Serial private static final long serialVersionUID = 1;

    private final int status;
    private final String code;

    ServiceError(int status, String code, String message) {
        super(message);
        this.status = status;
        this.code = code;
    }

    int status() {
        return status;
    }

    String code() {
        return code;
    }

    String text() {
        return String.valueOf(getMessage());
    }

    static ServiceError invalidInput(String message) {
        return new ServiceError(400, "InvalidInputException", message);
    }

    static ServiceError notFound(String message) {
        return new ServiceError(400, "ResourceNotFoundException", message);
    }

    static ServiceError validation(String message) {
        return new ServiceError(400, "ValidationException", message);
    }
}
