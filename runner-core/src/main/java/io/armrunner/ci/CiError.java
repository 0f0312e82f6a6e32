package io.armrunner.ci;

/**
 * One thing that is wrong with the file; line and column count from 1, both 0 when there is no
 * place to show.
 */
public record CiError(String file, int line, int column, String message) {
    /** {@code file:line:column: message}, the form editors jump to. */
    @Override
    public String toString() {
        return line == 0
                ? file + ": " + message
                : file + ":" + line + ":" + column + ": " + message;
    }
}
