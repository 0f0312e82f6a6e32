package io.armrunner.codebuild.setup;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

/** The policies of people and machines, ready for {@code aws iam create-policy}. */
public final class Rights {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Rights() {}

    /** What the machine may do that runs armrunner: no more than {@link Check} asks for. */
    public static String manager(Installation installation) {
        return pretty(
                Documents.filled(Documents.manager(installation.key().isPresent()), installation));
    }

    /** What one needs for {@link Setup} and {@link Teardown}. */
    public static String installer(Installation installation) {
        return pretty(Documents.filled(Documents.installer(), installation));
    }

    private static String pretty(String document) {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(JSON.readTree(document))
                    + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a policy of our own is no JSON", e);
        }
    }
}
