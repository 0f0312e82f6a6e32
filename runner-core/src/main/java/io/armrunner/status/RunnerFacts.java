package io.armrunner.status;

/**
 * A runner of the service, as operators know it.
 *
 * @param runner short form of its token
 * @param name of the configuration
 * @param url of its GitLab
 * @param systemId this manager's
 * @param executor of the configuration
 * @param limit jobs at once, 0 for no limit
 * @param requestConcurrency requests for a job at once
 * @param lane where its jobs run
 */
public record RunnerFacts(
        String runner,
        String name,
        String url,
        String systemId,
        String executor,
        int limit,
        int requestConcurrency,
        String lane) {}
