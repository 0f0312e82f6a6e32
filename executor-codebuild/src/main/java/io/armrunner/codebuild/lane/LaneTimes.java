package io.armrunner.codebuild.lane;

import java.time.Duration;

/**
 * The lane's own waits.
 *
 * @param tick between two looks at builds that have just begun
 * @param sweep between two looks at a build that runs
 * @param look between two looks of a job at what is known of its build
 * @param ambiguity how long a start is repeated that nobody answered clearly
 * @param firstRetry before a start is repeated; doubles up to {@code longestRetry}
 * @param missing after which time a build that CodeBuild does not know is given up
 * @param overdue how long after a job's time-out its build is stopped
 * @param queueNote between two lines that say that a build still waits
 */
record LaneTimes(
        Duration tick,
        Duration sweep,
        Duration look,
        Duration ambiguity,
        Duration firstRetry,
        Duration longestRetry,
        Duration missing,
        Duration overdue,
        Duration queueNote) {
    /** Those for AWS itself: within what it lets one account ask (codebuild budgets). */
    static final LaneTimes DEFAULT =
            new LaneTimes(
                    Duration.ofSeconds(2),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(1),
                    Duration.ofMinutes(4),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(30),
                    Duration.ofMinutes(10),
                    Duration.ofMinutes(10),
                    Duration.ofMinutes(1));

    /** The same, all shorter by a factor. */
    LaneTimes faster(int factor) {
        return new LaneTimes(
                tick.dividedBy(factor),
                sweep.dividedBy(factor),
                look.dividedBy(factor),
                ambiguity.dividedBy(factor),
                firstRetry.dividedBy(factor),
                longestRetry.dividedBy(factor),
                missing.dividedBy(factor),
                overdue.dividedBy(factor),
                queueNote.dividedBy(factor));
    }
}
