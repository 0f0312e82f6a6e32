/**
 * Caches of jobs in an S3 bucket (job-semantics §7.5): the signatures, nothing else.
 *
 * <p>{@link io.armrunner.codebuild.s3.RemoteCaches} reads the configuration of a runner and says
 * what cannot be used of it. {@link io.armrunner.codebuild.s3.S3Cache} signs requests with the
 * runner's own credentials, which therefore never come near a job: a key of the configuration, the
 * identity of the machine, or a role that it assumes. Bytes do not pass through the AWS SDK:
 * whoever has the signed request sends it with the client that everything else uses. None of this,
 * and no class of the SDK, is loaded before a runner with an S3 cache is configured.
 */
@NullMarked
package io.armrunner.codebuild.s3;

import org.jspecify.annotations.NullMarked;
