package io.armrunner.manager;

import io.armrunner.config.RunnerConfig;
import io.armrunner.engine.FileStages;
import io.armrunner.lane.Lane;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.protocol.JobReports;
import io.armrunner.protocol.JobSource;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Secret;

/**
 * One {@code [[runners]]} entry with all that it needs to work.
 *
 * @param config as written
 * @param settings what of it matters to a job
 * @param source where its jobs come from
 * @param reports makes a job's line to GitLab
 * @param lane where its jobs run
 * @param files moves its jobs' files
 */
public record ConfiguredRunner(
        RunnerConfig config,
        RunnerSettings settings,
        JobSource source,
        Reports reports,
        Lane lane,
        Files files) {
    /** Makes a job's line to GitLab. */
    @FunctionalInterface
    public interface Reports {
        /** The line for one job. */
        JobReports reports(long job, Secret token, boolean debugTrace);
    }

    /** Makes what moves one job's files. */
    @FunctionalInterface
    public interface Files {
        /** The stages of one job. */
        FileStages stages(JobPayload payload);
    }

    /** What the service's log calls the runner. */
    String shortName() {
        return settings.shortToken();
    }
}
