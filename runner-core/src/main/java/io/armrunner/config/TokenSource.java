package io.armrunner.config;

import java.nio.file.Path;

/** Where a runner's token comes from: the file itself, or a place that the file names. */
public sealed interface TokenSource {
    /** The words for it in a message, such as {@code the file /run/token}; never the token. */
    String words();

    /**
     * {@code token} holds it.
     *
     * @param fromEnvironment whether an environment variable stands in it
     */
    record InConfig(boolean fromEnvironment) implements TokenSource {
        @Override
        public String words() {
            return fromEnvironment ? "an environment variable" : "the configuration file";
        }
    }

    /** A token that the configuration only points at. */
    sealed interface Elsewhere extends TokenSource {}

    /** {@code token_file}: a file that holds the token alone. */
    record InFile(Path file) implements Elsewhere {
        @Override
        public String words() {
            return "the file " + file;
        }
    }

    /** {@code token_credential}: a credential that systemd hands to the service. */
    record Credential(String name) implements Elsewhere {
        @Override
        public String words() {
            return "the systemd credential " + name;
        }
    }

    /** {@code token = "ssm:/name"}: a parameter of AWS Systems Manager. */
    record Parameter(String name) implements Elsewhere {
        /** What a token begins with that is none. */
        public static final String PREFIX = "ssm:";

        @Override
        public String words() {
            return "the parameter " + name + " of AWS Systems Manager";
        }
    }
}
