package io.armrunner.plan;

import io.armrunner.plan.JobPlan.Timeouts;
import io.armrunner.variables.GoDuration;
import io.armrunner.variables.JobVariables;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The limits of a job and its parts (job-semantics §1.3). */
final class TimeoutRules {
    /** GitLab Runner's limit for a job that comes without one: two hours. */
    private static final Duration DEFAULT_JOB = Duration.ofHours(2);

    private static final Duration DEFAULT_AFTER_SCRIPT = Duration.ofMinutes(5);

    private final Duration job;
    private final List<String> jobWarnings;
    private final List<String> operatorWarnings;

    private TimeoutRules(Duration job, List<String> jobWarnings, List<String> operatorWarnings) {
        this.job = job;
        this.jobWarnings = jobWarnings;
        this.operatorWarnings = operatorWarnings;
    }

    /** All limits; what is odd about them is added to the two lists. */
    static Timeouts of(
            int jobSeconds,
            RunnerSettings settings,
            JobVariables variables,
            List<String> jobWarnings,
            List<String> operatorWarnings) {
        Duration job = job(jobSeconds);
        TimeoutRules rules = new TimeoutRules(job, jobWarnings, operatorWarnings);
        return new Timeouts(
                job,
                rules.configured("prepare_timeout", settings.prepareTimeout()),
                rules.configured("get_sources_timeout", settings.getSourcesTimeout()),
                rules.fromVariable("RUNNER_SCRIPT_TIMEOUT", variables),
                rules.fromVariable("RUNNER_AFTER_SCRIPT_TIMEOUT", variables)
                        .orElse(DEFAULT_AFTER_SCRIPT));
    }

    static Duration job(int seconds) {
        return seconds > 0 ? Duration.ofSeconds(seconds) : DEFAULT_JOB;
    }

    private Duration configured(String key, Optional<Duration> configured) {
        if (configured.isEmpty()) {
            return job;
        }
        Duration value = configured.get();
        if (!value.isPositive() || value.compareTo(job) > 0) {
            operatorWarnings.add(
                    "%s %s is not between 0 and the job's timeout %s, which is used instead"
                            .formatted(key, GoDuration.format(value), GoDuration.format(job)));
            return job;
        }
        return value;
    }

    private Optional<Duration> fromVariable(String key, JobVariables variables) {
        String text = variables.content(key);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Optional<Duration> value = GoDuration.parse(text);
        if (value.isEmpty()) {
            jobWarnings.add("Ignoring malformed " + key + " timeout: " + text);
            return Optional.empty();
        }
        if (value.get().isNegative()) {
            jobWarnings.add("Ignoring relative " + key + " timeout: " + text);
            return Optional.empty();
        }
        if (value.get().compareTo(job) > 0) {
            jobWarnings.add(
                    key
                            + " timeout: "
                            + text
                            + " is longer than job timeout. Setting to job timeout");
            return Optional.of(job);
        }
        return value.filter(Duration::isPositive);
    }
}
