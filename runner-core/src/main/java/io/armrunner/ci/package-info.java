/**
 * A project's own {@code .gitlab-ci.yml}, read without a GitLab, and the pipeline that follows from
 * it.
 *
 * <p>{@link io.armrunner.ci.PipelineReader} reads the file through {@link
 * io.armrunner.ci.ProjectFiles}, pulls in local includes, resolves {@code !reference} and {@code
 * extends}, weighs rules against {@link io.armrunner.ci.GitContext}, and gives a {@link
 * io.armrunner.ci.Pipeline}: stages, jobs in the order they may run, and why other jobs are not in
 * it. A file that GitLab would refuse is refused here with every error at once, each with its line
 * and column ({@link io.armrunner.ci.CiFileException}). {@link io.armrunner.ci.PipelineScheduler}
 * then says which job may start when, and {@link io.armrunner.ci.JobPayloads} writes each as the
 * JSON a runner would have got from GitLab (runner-protocol §3.8), so that the same engine runs it.
 *
 * <p>All of it is pure: no clock, no environment, no file but through the interface. Nothing here
 * is a thread's owner.
 */
@NullMarked
package io.armrunner.ci;

import org.jspecify.annotations.NullMarked;
