/**
 * Jobs in AWS CodeBuild: one ephemeral build for each, with our own engine inside.
 *
 * <p>{@link io.armrunner.codebuild.lane.CodeBuildLane} is the lane. A {@code BuildJob} is one job's
 * way through it: {@code BuildStarter} starts a build, exactly one whatever gets lost on the way;
 * {@code BuildWatcher} looks at all builds, a hundred a call; {@code Mailbox} hands the job to that
 * one build and takes the receipt. Between hand-over and receipt the agent is the only one to speak
 * to GitLab; or if it cannot, {@code Relay} is its line there, and {@code RelayedSources} fetches
 * for it. What a later process needs is a {@code BuildRecord} in the job's directory. {@code
 * BuildChoice}, {@code BuildRequest} and {@code BuildEnd} are the pure rules: which build, with
 * what parameters, and what its end means.
 */
@NullMarked
package io.armrunner.codebuild.lane;

import org.jspecify.annotations.NullMarked;
