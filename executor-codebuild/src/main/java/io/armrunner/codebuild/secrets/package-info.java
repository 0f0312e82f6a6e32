/**
 * A job's secrets that AWS Secrets Manager keeps (runner-protocol §3.8.14).
 *
 * <p>{@link io.armrunner.codebuild.secrets.AwsSecretsProvider} takes GitLab's ID token to STS for
 * the role that the job names, and reads the secret with it; without a role it is the machine's own
 * identity that reads: in a build, its role. {@code AwsCalls} speaks AWS's protocols without its
 * SDK, which builds do not carry.
 */
@NullMarked
package io.armrunner.codebuild.secrets;

import org.jspecify.annotations.NullMarked;
