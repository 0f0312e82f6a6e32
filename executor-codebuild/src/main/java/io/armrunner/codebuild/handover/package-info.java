/**
 * What the manager and the agent in a build say to each other through S3, one object each way,
 * below a prefix that AWS lets only this one build read.
 *
 * <p>{@link io.armrunner.codebuild.handover.HandOver} is the job on its way there: payload,
 * settings, the log so far. {@link io.armrunner.codebuild.handover.Receipt} is how it ended.
 * Between them is the claim, an empty word that can be written once: who writes it owns the job.
 * The agent claims the job before it begins, the manager to take the job back; so it never runs
 * twice.
 *
 * <p>If the build cannot reach GitLab, everything else goes this way too: {@link
 * io.armrunner.codebuild.handover.RelayMessage} is what the agent says, by number.
 *
 * <p>A cache that is too large for one request is the one thing that the agent has to ask for while
 * the job runs: {@link io.armrunner.codebuild.handover.PartsWanted}, and {@link
 * io.armrunner.codebuild.handover.PartsSigned} for an answer.
 */
@NullMarked
package io.armrunner.codebuild.handover;

import org.jspecify.annotations.NullMarked;
