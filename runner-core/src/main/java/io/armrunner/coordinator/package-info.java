/**
 * The embedded GitLab: jobs API, git and artifacts on a real port. It serves {@code armrunner
 * exec}, which runs a local {@code .gitlab-ci.yml} on the same engine as a GitLab job, and stands
 * for GitLab in every test that needs one.
 *
 * <p>{@link io.armrunner.coordinator.Coordinator} opens the port and is what callers drive: they
 * add a {@link io.armrunner.coordinator.Project}, register a {@link
 * io.armrunner.coordinator.CoordinatorRunner}, describe a job with {@link
 * io.armrunner.coordinator.JobBuilder} and watch the {@link
 * io.armrunner.coordinator.CoordinatorJob} it becomes. {@code ApiRouter} takes each request to the
 * one class that answers it ({@code JobRequestApi}, {@code UpdateApi}, {@code TraceApi}, {@code
 * ArtifactsApi}, {@code RunnersApi}, {@code GitService}); all of them share {@code Books}, the
 * state behind one lock. The server is strict: it refuses what GitLab refuses, with the reason in
 * the body, and writes down as a violation what GitLab would let pass but a runner must not do
 * (runner-protocol §12). {@link io.armrunner.coordinator.Faults} makes it misbehave on demand.
 */
@NullMarked
package io.armrunner.coordinator;

import org.jspecify.annotations.NullMarked;
