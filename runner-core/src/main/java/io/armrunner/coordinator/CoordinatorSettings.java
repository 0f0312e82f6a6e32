package io.armrunner.coordinator;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * How a coordinator behaves.
 *
 * @param directory where artifacts and long logs go, in a folder of their own that is removed on
 *     close
 * @param environment of the git processes; needs {@code PATH}
 * @param clock of all times told and of the long poll's end
 * @param random for tokens and queue values
 * @param host the address to listen on; the port is chosen by the system
 * @param longPoll how long a job request is held when nothing changed; 0 = not at all
 *     (runner-protocol §3.3)
 * @param updateInterval what {@code X-GitLab-Trace-Update-Interval} says; whole seconds
 * @param managerFreeze how long the first call's features stand for a manager (runner-protocol
 *     §2.1)
 * @param logInMemory how many bytes of a log are kept in memory before it goes to a file
 * @param logLimit the project's largest log in bytes; more fails the job (runner-protocol §4.3)
 * @param artifactLimit the largest artifact in bytes (runner-protocol §7.4)
 * @param redirectDownloads whether {@code direct_download=true} is answered with a redirect to a
 *     second host
 * @param registration whether {@code POST /runners} is open; 410 otherwise
 * @param keepBodies whether the bodies of JSON calls are recorded
 */
public record CoordinatorSettings(
        Path directory,
        Map<String, String> environment,
        InstantSource clock,
        RandomGenerator random,
        String host,
        Duration longPoll,
        Duration updateInterval,
        Duration managerFreeze,
        int logInMemory,
        long logLimit,
        long artifactLimit,
        boolean redirectDownloads,
        boolean registration,
        boolean keepBodies) {
    private static final long MIB = 1 << 20;

    public CoordinatorSettings {
        environment = Map.copyOf(environment);
    }

    /** GitLab's own defaults on the loopback address, without long polling and redirects. */
    public static CoordinatorSettings of(
            Path directory,
            Map<String, String> environment,
            InstantSource clock,
            RandomGenerator random) {
        return new CoordinatorSettings(
                directory,
                environment,
                clock,
                random,
                "127.0.0.1",
                Duration.ZERO,
                Duration.ofSeconds(3),
                Duration.ofMinutes(55),
                64 * 1024, // most logs fit; more would be felt with hundreds of jobs
                100 * MIB,
                100 * MIB,
                false,
                true,
                false);
    }

    /** These settings on another address. */
    public CoordinatorSettings withHost(String changed) {
        return changed(draft -> draft.host = changed);
    }

    /** These settings with another long poll. */
    public CoordinatorSettings withLongPoll(Duration changed) {
        return changed(draft -> draft.longPoll = changed);
    }

    /** These settings with another update interval. */
    public CoordinatorSettings withUpdateInterval(Duration changed) {
        return changed(draft -> draft.updateInterval = changed);
    }

    /** These settings with another time for which a manager's features stand. */
    public CoordinatorSettings withManagerFreeze(Duration changed) {
        return changed(draft -> draft.managerFreeze = changed);
    }

    /** These settings with other limits of a log, in bytes: kept in memory, and at all. */
    public CoordinatorSettings withLogLimits(int inMemory, long atAll) {
        return changed(draft -> {
            draft.logInMemory = inMemory;
            draft.logLimit = atAll;
        });
    }

    /** These settings with another limit of an artifact, in bytes. */
    public CoordinatorSettings withArtifactLimit(long changed) {
        return changed(draft -> draft.artifactLimit = changed);
    }

    /** These settings with downloads redirected to a second host. */
    public CoordinatorSettings withRedirectedDownloads() {
        return changed(draft -> draft.redirectDownloads = true);
    }

    /** These settings without registration by registration tokens. */
    public CoordinatorSettings withoutRegistration() {
        return changed(draft -> draft.registration = false);
    }

    /** These settings with the bodies of JSON calls recorded. */
    public CoordinatorSettings withBodiesKept() {
        return changed(draft -> draft.keepBodies = true);
    }

    private CoordinatorSettings changed(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return new CoordinatorSettings(
                directory,
                environment,
                clock,
                random,
                draft.host,
                draft.longPoll,
                draft.updateInterval,
                draft.managerFreeze,
                draft.logInMemory,
                draft.logLimit,
                draft.artifactLimit,
                draft.redirectDownloads,
                draft.registration,
                draft.keepBodies);
    }

    /** What of the settings can be changed, while it is being changed. */
    private static final class Draft {
        private String host;
        private Duration longPoll;
        private Duration updateInterval;
        private Duration managerFreeze;
        private int logInMemory;
        private long logLimit;
        private long artifactLimit;
        private boolean redirectDownloads;
        private boolean registration;
        private boolean keepBodies;

        Draft(CoordinatorSettings from) {
            host = from.host;
            longPoll = from.longPoll;
            updateInterval = from.updateInterval;
            managerFreeze = from.managerFreeze;
            logInMemory = from.logInMemory;
            logLimit = from.logLimit;
            artifactLimit = from.artifactLimit;
            redirectDownloads = from.redirectDownloads;
            registration = from.registration;
            keepBodies = from.keepBodies;
        }
    }
}
