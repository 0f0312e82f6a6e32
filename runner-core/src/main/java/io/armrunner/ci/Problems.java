package io.armrunner.ci;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Collects what is wrong, so that one reading tells all of it. */
final class Problems {
    private final List<CiError> errors = new ArrayList<>();

    void add(Position at, String message) {
        CiError error = new CiError(at.file(), at.line(), at.column(), message);
        // The same lines may be read for many jobs (anchors, extends, default): told once.
        if (!errors.contains(error)) {
            errors.add(error);
        }
    }

    /** A value of the wrong kind: says what was found and what is allowed. */
    void wrongType(String keyword, Yaml found, String allowed) {
        add(found.at(), keyword + " is " + found.describe() + "; allowed: " + allowed);
    }

    boolean isEmpty() {
        return errors.isEmpty();
    }

    /** Stops with everything collected, when there is anything. */
    void check() throws CiFileException {
        if (!errors.isEmpty()) {
            List<CiError> sorted = new ArrayList<>(errors);
            sorted.sort(
                    Comparator.comparing(CiError::file)
                            .thenComparingInt(CiError::line)
                            .thenComparingInt(CiError::column));
            throw new CiFileException(sorted);
        }
    }
}
