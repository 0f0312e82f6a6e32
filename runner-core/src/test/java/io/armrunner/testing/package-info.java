/**
 * What tests of all modules share: a GitLab for each test, and real repositories for it to serve.
 *
 * <p>{@link io.armrunner.testing.CoordinatorExtension} gives each test a fresh coordinator and
 * checks after it that the runner kept to the protocol and that nothing is left. {@link
 * io.armrunner.testing.TestRepository} makes repositories with the real git.
 */
@NullMarked
package io.armrunner.testing;

import org.jspecify.annotations.NullMarked;
