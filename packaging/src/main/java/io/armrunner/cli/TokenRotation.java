package io.armrunner.cli;

import io.armrunner.cli.RunnerServer.Reset;
import io.armrunner.config.Config;
import io.armrunner.config.ConfigException;
import io.armrunner.config.ConfigFile;
import io.armrunner.config.RunnerConfig;
import io.armrunner.spec.Secret;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replaces tokens in good time before they end: when three quarters of their time are over, one at
 * a time (runner-protocol §2.4). Owns one virtual thread. Jobs that run have tokens of their own.
 */
final class TokenRotation implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TokenRotation.class);
    private static final String SWITCHED_OFF = "FF_DISABLE_AUTOMATIC_TOKEN_ROTATION";

    /** GitLab gives tokens days: a minute sooner or later does not matter. */
    private static final Duration LOOK = Duration.ofMinutes(1);

    private static final Duration FIRST_LOOK = Duration.ofSeconds(1);
    private static final Duration AFTER_FAILURE = Duration.ofMinutes(5);
    private static final Duration END = Duration.ofSeconds(5);

    private final ConfigFile file;
    private final Supplier<Config> config;
    private final RunnerServer.Connect connect;
    private final InstantSource clock;
    private final Saved saved;
    private final Runnable reload;
    private final Thread thread;
    // Only the thread uses these.
    private final Map<Secret, Instant> notBefore = new HashMap<>();
    private final Set<Secret> warned = new HashSet<>();

    private TokenRotation(
            ConfigFile file,
            Supplier<Config> config,
            RunnerServer.Connect connect,
            InstantSource clock,
            Saved saved,
            Runnable reload) {
        this.file = file;
        this.config = config;
        this.connect = connect;
        this.clock = clock;
        this.saved = saved;
        this.reload = reload;
        thread = Thread.ofVirtual().name("token-rotation").unstarted(this::rotate);
    }

    /** Hears whether the service could write its configuration's file. */
    @FunctionalInterface
    interface Saved {
        void saved(boolean done);
    }

    /**
     * Begins.
     *
     * @param config what the service runs with just now
     * @param reload has the file loaded again, which then has a new token
     */
    static TokenRotation start(
            ConfigFile file,
            Supplier<Config> config,
            RunnerServer.Connect connect,
            InstantSource clock,
            Saved saved,
            Runnable reload) {
        TokenRotation rotation = new TokenRotation(file, config, connect, clock, saved, reload);
        rotation.thread.start();
        return rotation;
    }

    /** When a token is due; empty for one that does not end. */
    static Optional<Instant> due(RunnerConfig runner) {
        return runner.tokenExpiresAt()
                .map(end -> {
                    Instant begin = runner.tokenObtainedAt().orElse(Instant.EPOCH);
                    return begin.plus(Duration.between(begin, end).multipliedBy(3).dividedBy(4));
                });
    }

    private void rotate() {
        try {
            Thread.sleep(FIRST_LOOK);
            while (true) {
                Optional<RunnerConfig> next = next();
                if (next.isPresent()) {
                    replace(next.get());
                }
                Thread.sleep(untilNext());
            }
        } catch (InterruptedException _) {
            // Closed: there is nothing to undo.
            Thread.currentThread().interrupt();
        }
    }

    /** Until a token becomes due, but not longer than a configuration may have changed in. */
    private Duration untilNext() {
        Instant now = clock.instant();
        return config.get().runners().stream()
                .flatMap(runner -> due(runner).stream())
                .map(time -> Duration.between(now, time))
                .filter(time -> time.isPositive() && time.compareTo(LOOK) < 0)
                .min(Comparator.naturalOrder())
                .map(FIRST_LOOK::plus)
                .orElse(LOOK);
    }

    /** The runner whose turn it is. */
    private Optional<RunnerConfig> next() {
        Instant now = clock.instant();
        return config.get().runners().stream()
                .filter(runner -> due(runner).filter(time -> !time.isAfter(now)).isPresent())
                .filter(this::isPossible)
                .filter(runner -> !notBefore.getOrDefault(runner.token(), Instant.MIN).isAfter(now))
                .min(Comparator.comparing(runner -> due(runner).orElse(Instant.MAX)));
    }

    private boolean isPossible(RunnerConfig runner) {
        Optional<String> obstacle =
                runner.featureFlags().getOrDefault(SWITCHED_OFF, false)
                        ? Optional.of(SWITCHED_OFF + " is on")
                        : TokenReset.obstacle(runner);
        if (obstacle.isPresent() && warned.add(runner.token())) {
            LOG.warn(
                    "token_ends runner={} expires_at={} reason=\"{}\"",
                    runner.token().shortForm(),
                    runner.tokenExpiresAt().map(Instant::toString).orElse(""),
                    obstacle.get());
        }
        return obstacle.isEmpty();
    }

    private void replace(RunnerConfig runner) throws InterruptedException {
        String name = runner.token().shortForm();
        String why;
        try (RunnerServer server = connect.with(file)) {
            Reset answer = new TokenReset(file, server, clock).reset(runner, Optional.empty());
            switch (answer) {
                case Reset.Done(Secret token, var expiresAt) -> {
                    LOG.info(
                            "token_rotated runner={} now={} expires_at={}",
                            name,
                            token.shortForm(),
                            expiresAt.map(Instant::toString).orElse("never"));
                    // The service may know the old one for a moment yet.
                    notBefore.put(runner.token(), Instant.MAX);
                    saved.saved(true);
                    reload.run();
                    return;
                }
                case Reset.Refused _ -> why = "GitLab does not know its token";
                case Reset.Unclear(String reason) -> why = reason;
            }
        } catch (ConfigException e) {
            saved.saved(false);
            why = String.valueOf(e.getMessage());
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            why = e.toString();
        }
        notBefore.put(runner.token(), clock.instant().plus(AFTER_FAILURE));
        LOG.error(
                "token_not_rotated runner={} error=\"{}\" next_try_s={}",
                name,
                why,
                AFTER_FAILURE.toSeconds());
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join(END);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
