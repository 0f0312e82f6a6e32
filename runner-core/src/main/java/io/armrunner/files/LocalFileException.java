package io.armrunner.files;

import java.io.IOException;

/** A file of the job cannot be read or written: trying again with another connection is no help. */
public final class LocalFileException extends IOException {
    private static final long serialVersionUID = 1L;

    LocalFileException(String message) {
        super(message);
    }

    LocalFileException(String message, Throwable cause) {
        super(message, cause);
    }
}
