package io.armrunner.cli;

import io.armrunner.config.ConfigFile;
import io.armrunner.config.RunnerConfig;
import io.armrunner.spec.Secret;
import java.time.Instant;
import java.util.Optional;

/**
 * The calls that the commands make to GitLab about a runner itself (runner-protocol §2.3). The
 * runner's entry says where, with which token and certificates. Every call sends the full {@code
 * info}; none of them throws for what GitLab can answer. Called on the main thread, one call at a
 * time.
 */
interface RunnerServer extends AutoCloseable {
    /** Asks whether the token is good. */
    Verified verify(RunnerConfig runner) throws InterruptedException;

    /** Makes a runner the old way, with a registration token in {@link RunnerConfig#token()}. */
    Registered register(RunnerConfig runner, LegacyAttributes attributes)
            throws InterruptedException;

    /** Removes this machine from the runner; the runner stays. */
    Removed deleteManager(RunnerConfig runner) throws InterruptedException;

    /** Removes the runner for everyone. */
    Removed deleteRunner(RunnerConfig runner) throws InterruptedException;

    /** Replaces the runner's token; the old one is dead when GitLab has answered. */
    Reset reset(RunnerConfig runner) throws InterruptedException;

    /** The same by a user's personal access token and the runner's id. */
    Reset reset(RunnerConfig runner, Secret personalAccessToken) throws InterruptedException;

    @Override
    void close();

    /**
     * Makes the server's face for one configuration file, beside which the system id and
     * certificates are.
     */
    interface Connect {
        RunnerServer with(ConfigFile file) throws Exception;
    }

    /**
     * What the old registration sends of the runner.
     *
     * @param tagList the tags as one text with commas
     */
    record LegacyAttributes(
            String description,
            String maintenanceNote,
            String tagList,
            boolean runUntagged,
            boolean locked,
            String accessLevel,
            int maximumTimeout,
            boolean paused) {}

    /** An answer to {@link #verify}. */
    sealed interface Verified {
        /** The token is good; {@code id} is 0 when an old server does not say it. */
        record Valid(long id, Optional<Instant> expiresAt) implements Verified {}

        /** GitLab does not know the token. */
        record Refused() implements Verified {}

        /** No answer that says either; {@code why} is for the user. */
        record Unclear(String why) implements Verified {}
    }

    /** An answer to {@link #register}. */
    sealed interface Registered {
        /** There is a runner now. */
        record Made(long id, Secret token, Optional<Instant> expiresAt) implements Registered {}

        /** The registration token is wrong. */
        record Refused() implements Registered {}

        /** Registration tokens are switched off. */
        record Disabled() implements Registered {}

        /** Anything else. */
        record Unclear(String why) implements Registered {}
    }

    /** An answer to the two deletions. */
    sealed interface Removed {
        /** It is gone. */
        record Done() implements Removed {}

        /** GitLab does not know the token. */
        record Refused() implements Removed {}

        /** Anything else. */
        record Unclear(String why) implements Removed {}
    }

    /** An answer to the two resets. */
    sealed interface Reset {
        /** There is a new token. */
        record Done(Secret token, Optional<Instant> expiresAt) implements Reset {}

        /** GitLab does not know the token, or the user may not do it. */
        record Refused() implements Reset {}

        /** Anything else. */
        record Unclear(String why) implements Reset {}
    }
}
