/**
 * What armrunner knows of AWS and how it gets there: the clients of an account and region, the
 * build sizes with their quotas, the regions that have arm64 builds, and what went wrong with a
 * call in words a user can act on.
 *
 * <p>{@link io.armrunner.codebuild.aws.AwsClients} makes each client when it is first asked for, so
 * a runner without CodeBuild loads none of them. {@link
 * io.armrunner.codebuild.aws.AwsFailure#describe} turns an exception of the SDK into one line that
 * names the resource, the region and the missing right.
 */
@NullMarked
package io.armrunner.codebuild.aws;

import org.jspecify.annotations.NullMarked;
