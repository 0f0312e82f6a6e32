package io.armrunner.status;

import java.time.Instant;

/**
 * What is known of a job when it is accepted.
 *
 * @param runner the short form of its runner's token stands in the key
 * @param lane where it runs
 * @param project its number
 * @param projectPath {@code group/project}, empty when GitLab did not say
 * @param ciStage the stage of the pipeline
 * @param url its page in GitLab, empty when not known
 * @param queuedSeconds how long it waited in GitLab
 * @param projectJobsRunning GitLab's word for how many jobs of the project run
 * @param queueSize and {@code queueDepth}: GitLab's queue, 0 when not said
 * @param accepted when GitLab's answer was here
 */
public record JobFacts(
        JobKey key,
        RunnerFacts runner,
        String lane,
        long project,
        String projectPath,
        String name,
        String ciStage,
        String url,
        double queuedSeconds,
        String projectJobsRunning,
        long queueSize,
        long queueDepth,
        Instant accepted) {}
