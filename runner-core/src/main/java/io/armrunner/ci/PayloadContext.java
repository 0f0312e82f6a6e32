package io.armrunner.ci;

import io.armrunner.spec.Dependency;
import io.armrunner.spec.Secret;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * What a GitLab would add to a job when it hands it out.
 *
 * @param serverUrl the instance, such as {@code http://127.0.0.1:4711}
 * @param repoUrl where to clone from, job token included
 * @param refspecs what to fetch; depends on where the clone comes from
 * @param refType {@code branch} or {@code tag}
 * @param depth history to fetch where the job has no {@code GIT_DEPTH}; 0 for all
 * @param defaultTimeout for a job without {@code timeout}
 * @param startedAt {@code CI_JOB_STARTED_AT}
 * @param dependencies the earlier jobs of {@link PipelineJob#dependencies()} with their ids and
 *     archives
 */
public record PayloadContext(
        URI serverUrl,
        String serverVersion,
        long jobId,
        Secret jobToken,
        long pipelineId,
        long pipelineIid,
        long projectId,
        Secret repoUrl,
        List<String> refspecs,
        String refType,
        int depth,
        boolean allowGitFetch,
        Duration defaultTimeout,
        Instant startedAt,
        Runner runner,
        User user,
        List<Dependency> dependencies) {
    public PayloadContext {
        refspecs = List.copyOf(refspecs);
        dependencies = List.copyOf(dependencies);
    }

    /** The runner that gets the job. */
    public record Runner(long id, String description, List<String> tags) {
        public Runner {
            tags = List.copyOf(tags);
        }
    }

    /** Whose pipeline it is. */
    public record User(long id, String login, String name, String email) {}
}
