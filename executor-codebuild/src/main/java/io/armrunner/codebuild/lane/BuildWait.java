package io.armrunner.codebuild.lane;

import io.armrunner.lane.ParkedJob;
import io.armrunner.lane.RemoteJob;
import io.armrunner.lane.Waiting;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The wait for the end of a build whose agent has the job, or for a question of the agent's. Until
 * then there is only to see to it that no build outlives its job. Runs on the job's thread.
 *
 * @param moves whether another region is tried when this one has no machine in time
 * @param questions where the agent may leave one; empty if it has none to ask
 * @param overdue after how long the build must have ended by itself
 */
record BuildWait(
        CodeBuildLane lane,
        RegionLane region,
        BuildWatcher.Watch watch,
        long number,
        boolean moves,
        Optional<Mailbox> questions,
        Duration overdue)
        implements Waiting {
    private static final Logger LOG = LoggerFactory.getLogger(BuildWait.class);

    @Override
    public void await(ParkedJob job) throws InterruptedException {
        LaneTimes times = lane.times();
        Duration asked = watch.age();
        Optional<Duration> over = Optional.empty();
        boolean stopped = false;
        while (true) {
            job.pause(times.look());
            Optional<BuildView> seen = watch.latest();
            if (seen.isPresent() && seen.get().isOver()) {
                return;
            }
            if (seen.isPresent() && isRunning(seen.get())) {
                watch.settled();
            }
            if (job.stop() == RemoteJob.Stop.MANAGER
                    || (moves && isLate(lane, watch))
                    || watch.missing().compareTo(times.missing()) > 0) {
                return;
            }
            Duration age = watch.age();
            if (over.isEmpty() && age.minus(asked).compareTo(times.asking()) > 0) {
                asked = age;
                over = job.isOver() ? Optional.of(age) : Optional.empty();
                if (isAsked()) {
                    return;
                }
            }
            boolean outlives =
                    over.isPresent() && isPast(watch.seenAt(), over.get().plus(times.outliving()));
            if (!stopped && (outlives || isPast(age, overdue))) {
                // The agent ends the job and then itself: it must be stuck.
                LOG.warn(
                        "build_stuck job={} build={} reason=\"{}\"",
                        number,
                        watch.arn(),
                        outlives ? "GitLab says that the job is over" : "its time is over");
                stopped = region.stop(watch.arn());
            }
        }
    }

    private boolean isAsked() {
        try {
            return questions.isPresent() && questions.get().wanted().isPresent();
        } catch (IOException e) {
            LOG.warn("question_unread job={} error=\"{}\"", number, e.getMessage());
            return false;
        }
    }

    private static boolean isPast(Duration age, Duration limit) {
        return age.compareTo(limit) > 0;
    }

    /** Whether the build should have had a machine by now. */
    static boolean isLate(CodeBuildLane lane, BuildWatcher.Watch watch) {
        return watch.latest().filter(view -> !view.isUp()).isPresent()
                && isPast(watch.age(), lane.settings().startLimit());
    }

    static boolean isRunning(BuildView build) {
        return switch (build.phase()) {
            case "BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS", "FINALIZING" -> true;
            default -> false;
        };
    }
}
