/**
 * The variables of a job: one ordered list in which a later entry of a name wins.
 *
 * <p>{@link io.armrunner.variables.JobVariables} holds the list, expands it once (job-semantics
 * §2.3) and answers look-ups. A variable of type file counts as its path when another value refers
 * to it, and as its content when the runner itself reads it. {@link
 * io.armrunner.variables.FeatureFlag} names every flag of GitLab Runner 19.4 with its default,
 * {@link io.armrunner.variables.FeatureFlags} is what a job got of them. {@link
 * io.armrunner.variables.GoBool} and {@link io.armrunner.variables.GoDuration} read what users
 * write, exactly as GitLab Runner does, because a value that it refuses has to be refused here too.
 * {@link io.armrunner.variables.JobSettings} reads the variables that steer the runner, and
 * collects the warnings on those that it cannot read. Nothing here does I/O.
 */
@NullMarked
package io.armrunner.variables;

import org.jspecify.annotations.NullMarked;
