package io.armrunner.config;

import java.io.Serial;

/**
 * A configuration file that cannot be used. The message is one line: file, line, key, what is
 * wrong, what to do.
 */
public final class ConfigException extends Exception {
    @Serial private static final long serialVersionUID = 1;

    public ConfigException(String message) {
        super(message);
    }

    public ConfigException(String message, Throwable cause) {
        super(message, cause);
    }
}
