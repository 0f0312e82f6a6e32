/**
 * Jobs on this host.
 *
 * <p>{@link io.armrunner.local.HostShellEnvironment} runs a job's stages in the host's own shell,
 * as GitLab Runner's shell executor does (job-semantics §9). The processes, and what leaves them,
 * are those of {@code io.armrunner.process}.
 */
@NullMarked
package io.armrunner.local;

import org.jspecify.annotations.NullMarked;
