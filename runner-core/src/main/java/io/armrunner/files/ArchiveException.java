package io.armrunner.files;

import java.io.IOException;

/** An archive that is broken, or holds what must not be extracted. */
public final class ArchiveException extends IOException {
    private static final long serialVersionUID = 1L;

    ArchiveException(String message) {
        super(message);
    }

    ArchiveException(String message, Throwable cause) {
        super(message, cause);
    }
}
