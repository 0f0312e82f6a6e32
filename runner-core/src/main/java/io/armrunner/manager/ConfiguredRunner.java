package io.armrunner.manager;

import io.armrunner.config.RunnerCertificates;
import io.armrunner.config.RunnerConfig;
import io.armrunner.engine.JobSecrets;
import io.armrunner.files.FileStages;
import io.armrunner.lane.Lane;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.protocol.JobReports;
import io.armrunner.protocol.JobSource;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Secret;
import java.util.Optional;

/**
 * One {@code [[runners]]} entry with all that it needs to work.
 *
 * @param config as written
 * @param settings what of it matters to a job
 * @param source where its jobs come from
 * @param reports makes a job's line to GitLab
 * @param lanes where its jobs run
 * @param files moves its jobs' files
 * @param secrets fetches what other servers keep for its jobs
 * @param certificates of its line to GitLab, which its jobs get as well
 */
public record ConfiguredRunner(
        RunnerConfig config,
        RunnerSettings settings,
        JobSource source,
        Reports reports,
        LaneBoard lanes,
        Files files,
        JobSecrets secrets,
        RunnerCertificates certificates) {
    /** A runner with one place for all its jobs. */
    public ConfiguredRunner(
            RunnerConfig config,
            RunnerSettings settings,
            JobSource source,
            Reports reports,
            Lane lane,
            Files files,
            JobSecrets secrets,
            RunnerCertificates certificates) {
        this(
                config,
                settings,
                source,
                reports,
                LaneBoard.single(lane),
                files,
                secrets,
                certificates);
    }

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

    /**
     * What of an entry matters to its jobs.
     *
     * @param systemId this manager's
     * @param product what this program is
     */
    public static RunnerSettings settings(
            RunnerConfig config, String systemId, RunnerSettings.Product product) {
        return new RunnerSettings(
                config.name(),
                config.token().shortForm(),
                systemId,
                config.url(),
                config.cloneUrl().orElse(""),
                config.executor(),
                config.shell(),
                config.environment(),
                config.preGetSourcesScript().orElse(""),
                config.postGetSourcesScript().orElse(""),
                config.preBuildScript().orElse(""),
                config.postBuildScript().orElse(""),
                config.featureFlags(),
                config.prepareTimeout(),
                config.getSourcesTimeout(),
                config.debugTraceDisabled(),
                config.customBuildDirEnabled(),
                config.cleanGitConfig(),
                Optional.of(config.safeDirectoryCheckout()),
                new RunnerSettings.Output(
                        config.outputLimit(), config.outputEnd(), config.outputKept()),
                product);
    }

    /** The same with its jobs from elsewhere. */
    ConfiguredRunner withSource(JobSource other) {
        return new ConfiguredRunner(
                config, settings, other, reports, lanes, files, secrets, certificates);
    }

    /** What the service's log calls the runner. */
    String shortName() {
        return settings.shortToken();
    }
}
