package io.armrunner.config;

import java.io.Serial;

/**
 * A configuration file that cannot be used. The message is one line: file, line, key, what is
 * wrong, what to do.
 */
public final class ConfigException extends Exception {
    @Serial private static final long serialVersionUID = 1;

    private final String key;
    private final int line;
    private final int column;

    public ConfigException(String message) {
        this(message, 0, 0);
    }

    /** Of one key, in words that follow it; the file and line are added by who collects these. */
    ConfigException(String key, String wrong) {
        super(wrong);
        this.key = key;
        line = 0;
        column = 0;
    }

    /** With the place in the file, counted from 1; 0 where it is not known. */
    ConfigException(String message, int line, int column) {
        super(message);
        key = "";
        this.line = line;
        this.column = column;
    }

    String key() {
        return key;
    }

    int line() {
        return line;
    }

    int column() {
        return column;
    }

    public ConfigException(String message, Throwable cause) {
        super(message, cause);
        key = "";
        line = 0;
        column = 0;
    }
}
