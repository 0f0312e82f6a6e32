/**
 * The agent: our engine inside a build.
 *
 * <p>{@link io.armrunner.codebuild.agent.Agent} waits for the job that its manager leaves in S3,
 * claims it, runs it with the engine that local jobs have, and leaves a receipt. It knows no AWS
 * but S3: {@code BuildObjects} signs its few calls itself ({@link
 * io.armrunner.codebuild.aws.Signature4}) with the keys that the container serves ({@code
 * ContainerKeys}), so that the SDK need not be in every build. If the build cannot reach GitLab,
 * {@code RelayReports}, {@code RelayArtifacts} and {@code RelaySources} take the places of the
 * engine's lines to it, all of them over one {@code RelayLine} to the manager.
 */
@NullMarked
package io.armrunner.codebuild.agent;

import org.jspecify.annotations.NullMarked;
