package io.armrunner.engine;

import java.time.Duration;

/**
 * The engine's own waits.
 *
 * @param look the longest time that a stop or a limit may go unnoticed while a stage is silent
 * @param gracefulKill between TERM and KILL for a stage that is to end (job-semantics §4.7)
 * @param shutdownKill the same when the runner itself stops, which nobody waits ten minutes for
 * @param forceKill after KILL, before the stage's processes are given up as dormant
 * @param prepareRetry between two tries to prepare an environment
 */
public record EngineLimits(
        Duration look,
        Duration gracefulKill,
        Duration shutdownKill,
        Duration forceKill,
        Duration prepareRetry) {
    /** GitLab Runner's numbers. */
    public static final EngineLimits DEFAULT =
            new EngineLimits(
                    Duration.ofMillis(50),
                    Duration.ofMinutes(10),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(3));
}
