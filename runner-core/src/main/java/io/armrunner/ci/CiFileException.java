package io.armrunner.ci;

import java.util.List;
import java.util.stream.Collectors;

/**
 * The file makes no pipeline; {@link #errors()} holds everything that is wrong with it, in the
 * order of the file.
 */
public final class CiFileException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<CiError> errors;

    CiFileException(List<CiError> errors) {
        super(errors.stream().map(CiError::toString).collect(Collectors.joining("\n")));
        this.errors = List.copyOf(errors);
    }

    /** Never empty. */
    public List<CiError> errors() {
        return errors;
    }
}
