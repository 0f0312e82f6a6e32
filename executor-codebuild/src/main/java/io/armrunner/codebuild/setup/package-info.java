/**
 * Brings into an AWS account what the CodeBuild lane needs, takes it away again, and checks that
 * all of it works.
 *
 * <p>{@link io.armrunner.codebuild.setup.Installation} is what the user asked for and gives every
 * resource its name. {@code Documents} has the policies and the buildspec, once, with placeholders:
 * {@link io.armrunner.codebuild.setup.Setup} fills them with values and makes calls, {@link
 * io.armrunner.codebuild.setup.Templates} fills them with references and prints CloudFormation and
 * Terraform, so that the three cannot drift apart. {@link io.armrunner.codebuild.setup.Teardown}
 * removes what carries the tag; {@link io.armrunner.codebuild.setup.Check} makes one harmless call
 * for each right.
 */
@NullMarked
package io.armrunner.codebuild.setup;

import org.jspecify.annotations.NullMarked;
