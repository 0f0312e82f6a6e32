package io.armrunner.engine;

import io.armrunner.lane.ParkedJob;
import io.armrunner.lane.RemoteJob;
import io.armrunner.protocol.JobReports;
import io.armrunner.protocol.JobUpdate;
import io.armrunner.protocol.UpdateReply;
import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A job that waits for the engine that has it: its number, its stop signal, its line to GitLab. */
public final class ParkedSession implements ParkedJob {
    private static final Logger LOG = LoggerFactory.getLogger(ParkedSession.class);

    private final long job;
    private final StopSignal stop;
    private final JobReports reports;

    public ParkedSession(long job, StopSignal stop, JobReports reports) {
        this.job = job;
        this.stop = stop;
        this.reports = reports;
    }

    @Override
    public RemoteJob.Stop stop() {
        return switch (stop.level()) {
            case NONE -> RemoteJob.Stop.NONE;
            case CANCEL -> RemoteJob.Stop.CANCELED;
            case ABORT ->
                    stop.cause() instanceof StopSignal.Cause.OverForGitLab
                            ? RemoteJob.Stop.OVER
                            : RemoteJob.Stop.MANAGER;
        };
    }

    @Override
    public void pause(Duration time) throws InterruptedException {
        boolean _ = stop.pause(time);
    }

    @Override
    public boolean isOver() throws InterruptedException {
        try {
            return Aside.run(
                    "ask-" + job,
                    () -> reports.update(new JobUpdate.Accepted()) instanceof UpdateReply.Abort);
        } catch (IOException e) {
            LOG.warn("job_unasked job={} error={}", job, e.toString());
            return false;
        }
    }
}
