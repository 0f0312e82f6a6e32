package io.armrunner.config;

import io.armrunner.spec.Secret;
import java.io.IOException;

/** Fetches the tokens that a configuration only points at. Called while a file is loaded. */
@FunctionalInterface
public interface TokenReader {
    /** Of a text without a file: there every token stands in the text. */
    TokenReader NONE =
            source -> {
                throw new IOException("is only read for a configuration file");
            };

    /**
     * The token.
     *
     * @throws IOException when there is none; the message says why in words that follow the key
     */
    Secret token(TokenSource.Elsewhere source) throws IOException;

    /** Reads parameters of AWS Systems Manager. */
    @FunctionalInterface
    interface ParameterStore {
        /** Where none can be reached. */
        ParameterStore NONE =
                name -> {
                    throw new IOException("this armrunner cannot read AWS Systems Manager");
                };

        /**
         * The value of the parameter {@code name}, decrypted. Blocks for the calls that it takes
         * and keeps a limit of its own.
         */
        Secret parameter(String name) throws IOException;
    }
}
