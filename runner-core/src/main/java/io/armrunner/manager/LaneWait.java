package io.armrunner.manager;

import io.armrunner.engine.Outcome;
import io.armrunner.engine.StopSignal;
import io.armrunner.lane.Environment;
import io.armrunner.lane.EnvironmentLane;
import io.armrunner.lane.Lane;
import io.armrunner.plan.JobPlan;
import io.armrunner.protocol.JobReports;
import io.armrunner.protocol.JobUpdate;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.JobPayload;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the lane of one accepted job. As a rule there is one at once, since room was kept for it; a
 * job that only a full or broken lane may take waits for that one, while GitLab hears that it
 * lives. Runs on the job's thread.
 */
final class LaneWait {
    private static final Logger LOG = LoggerFactory.getLogger(LaneWait.class);

    /** GitLab takes a job for lost after some minutes of silence. */
    private static final Duration KEEP_ALIVE = Duration.ofSeconds(30);

    private final ConfiguredRunner runner;
    private final JobPayload payload;
    private final StopSignal stop;
    private final Duration already;

    /**
     * @param already for how long the job has waited before
     */
    LaneWait(ConfiguredRunner runner, JobPayload payload, StopSignal stop, Duration already) {
        this.runner = runner;
        this.payload = payload;
        this.stop = stop;
        this.already = already;
    }

    /** Notes that a job waits, for a later process. */
    @FunctionalInterface
    interface Books {
        void waits() throws IOException;
    }

    /**
     * Where the job runs; a place that only fails it if there is none and never will be.
     *
     * @param books is told once, before the job waits
     */
    Place find(LaneBoard.Reservation room, Books books) throws IOException, InterruptedException {
        LaneChoice.Wanted wanted = LaneChoice.Wanted.of(payload);
        Duration limit = wanted.timeout();
        long told = System.nanoTime();
        long begun = told - already.toNanos();
        boolean first = true;
        while (true) {
            switch (room.seat(wanted)) {
                case LaneBoard.Seating.Seated(LaneBoard.Seat seat) -> {
                    return new Place(Optional.of(seat), seat.lane(), remark(seat));
                }
                case LaneBoard.Seating.Refused(String why) -> {
                    return nowhere(
                            FailureReason.RUNNER_CONFIGURATION_ERROR,
                            "no lane of this runner takes this job: " + why);
                }
                case LaneBoard.Seating.Waiting(String why) -> {
                    long now = System.nanoTime();
                    if (first) {
                        books.waits();
                        LOG.info("job_waits job={} lanes=\"{}\"", payload.id(), why);
                        first = false;
                    }
                    boolean over = now - begun > limit.toNanos();
                    if (over || stop.level() != StopSignal.Level.NONE) {
                        return nowhere(
                                FailureReason.RUNNER_SYSTEM_FAILURE,
                                "no lane took the job within its time: " + why);
                    }
                    if (now - told > KEEP_ALIVE.toNanos()) {
                        told = now;
                        keepAlive();
                    }
                    room.awaitChange();
                }
            }
        }
    }

    private String remark(LaneBoard.Seat seat) {
        return runner.lanes().isSingle()
                ? ""
                : "lane %s: %s".formatted(seat.lane().name(), seat.why());
    }

    private void keepAlive() throws InterruptedException {
        JobReports reports = runner.reports().reports(payload.id(), payload.token(), false);
        try {
            stop.heed(reports.update(new JobUpdate.Accepted()));
        } catch (IOException e) {
            LOG.warn("keep_alive_failed job={} error={}", payload.id(), e.toString());
        }
    }

    private static Place nowhere(FailureReason reason, String why) {
        return new Place(Optional.empty(), new Nowhere(reason, why), "");
    }

    /**
     * The place of a job that an earlier process has begun.
     *
     * @param name of the lane; empty for a job that had only one lane to go to
     */
    static Place takenUp(LaneBoard lanes, String name) {
        Optional<LaneBoard.Seat> seat =
                lanes.takeUp(name.isEmpty() ? Optional.empty() : Optional.of(name));
        // Its log has its beginning, so there is no remark.
        return seat.isPresent()
                ? new Place(seat, seat.get().lane(), "")
                : nowhere(
                        FailureReason.RUNNER_SYSTEM_FAILURE,
                        "the lane %s, in which it was, is not in the configuration any more"
                                .formatted(name));
    }

    /** A job's place; closing gives it back. */
    record Place(Optional<LaneBoard.Seat> seat, Lane lane, String remark) implements AutoCloseable {
        /** What a later process finds it by: the lane's name, empty for the only one. */
        String word() {
            return !remark.isEmpty() || seat.isEmpty() ? lane.name() : "";
        }

        String name() {
            return lane.name();
        }

        /** What the job's end says of the lane. */
        void ended(Outcome outcome) {
            if (outcome instanceof Outcome.Failed failed
                    && failed.reason() == FailureReason.RUNNER_SYSTEM_FAILURE) {
                seat.ifPresent(LaneBoard.Seat::broken);
            }
        }

        @Override
        public void close() {
            seat.ifPresent(LaneBoard.Seat::close);
        }
    }

    /** Where jobs go that no lane takes: it fails them with the reason. */
    private record Nowhere(FailureReason reason, String why) implements EnvironmentLane {
        @Override
        public String name() {
            return "none";
        }

        @Override
        public Path buildsRoot() {
            return Path.of("/nonexistent");
        }

        @Override
        public Path cacheRoot() {
            return Path.of("/nonexistent");
        }

        @Override
        public boolean isDisposable() {
            return true;
        }

        @Override
        public Environment open(JobPlan plan, Path directory) throws JobFailure {
            throw new JobFailure(reason, why);
        }
    }
}
