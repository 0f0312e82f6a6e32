package io.armrunner.engine;

import io.armrunner.plan.JobPlan;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.trace.JobLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The first lines of a job's log (job-semantics §5.2). */
final class LogHeader {
    private static final Logger LOG = LoggerFactory.getLogger(LogHeader.class);

    private LogHeader() {}

    /**
     * Writes them.
     *
     * @param remark which lane took the job; empty for no such line
     */
    static void write(JobLog log, JobPlan plan, String remark) {
        RunnerSettings settings = plan.settings();
        RunnerSettings.Product product = settings.product();
        log.plain(
                "Running with %s %s (%s)"
                        .formatted(product.name(), product.version(), product.revision()));
        if (!settings.shortToken().isEmpty()) {
            log.plain(
                    "  on %s %s, system ID: %s"
                            .formatted(
                                    settings.name(), settings.shortToken(), settings.systemId()));
        }
        if (!remark.isEmpty()) {
            log.plain("  " + remark);
        }
        if (!plan.headerFeatureFlags().isEmpty()) {
            log.plain("  feature flags: " + plan.headerFeatureFlags());
        }
        if (!plan.settingsWarning().isEmpty()) {
            log.warning(String.join("\n", plan.settingsWarning()));
        }
        for (String warning : plan.operatorWarnings()) {
            LOG.warn("job_setting job={} warning=\"{}\"", plan.payload().id(), warning);
        }
    }
}
