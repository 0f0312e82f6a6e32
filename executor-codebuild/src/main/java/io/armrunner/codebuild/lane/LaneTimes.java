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
 * @param asking between two questions to GitLab whether a job that runs elsewhere is over
 * @param outliving how long a build may go on after GitLab says that its job is over
 * @param reaping between two looks for builds that nobody waits for
 * @param growth after which a lane that was refused a build tries one more at once
 * @param starts builds that are started a second, in the long run
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
        Duration queueNote,
        Duration asking,
        Duration outliving,
        Duration reaping,
        Duration growth,
        double starts) {
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
                    Duration.ofMinutes(1),
                    // Together less than three minutes.
                    Duration.ofSeconds(100),
                    Duration.ofSeconds(60),
                    Duration.ofMinutes(10),
                    Duration.ofMinutes(1),
                    // Measured: bursts of more are throttled, and a few a second never were.
                    2);

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
                queueNote.dividedBy(factor),
                asking.dividedBy(factor),
                outliving.dividedBy(factor),
                reaping.dividedBy(factor),
                growth.dividedBy(factor),
                starts * factor);
    }
}
