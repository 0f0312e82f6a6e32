/**
 * An AWS account on loopback, so that the CodeBuild lane can be tried and tested without one.
 *
 * <p>{@link io.armrunner.codebuild.fake.FakeAws} speaks the protocols of the real services to the
 * unmodified clients of the SDK: {@code Dispatch} checks the signature, reads the request into the
 * SDK's own class ({@code Shapes}, {@code Forms}; what the service model does not know is refused),
 * asks the caller's policies ({@code Policy}) and hands it to a {@code Service}. {@code FakeBuilds}
 * is CodeBuild: each {@code BuildRun} goes through the phases of a real build and runs the
 * buildspec's commands as processes, with keys of its own that live as long as it does. {@code
 * FakeStore} is S3 with policies, settings and versions; the objects lie in a kept server behind
 * it. Every request is written down as an {@code AwsCall}.
 *
 * <p>It is part of the product, for {@code exec --fake-aws}, but nothing else refers to it: what it
 * needs of libraries is not on the usual class path.
 */
@NullMarked
package io.armrunner.codebuild.fake;

import org.jspecify.annotations.NullMarked;
