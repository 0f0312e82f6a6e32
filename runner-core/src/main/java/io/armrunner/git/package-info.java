/**
 * Getting the sources and leaving none of the secrets behind (job-semantics §3).
 *
 * <p>Everything here makes text for the shell of a stage; nothing runs git itself. {@link
 * io.armrunner.git.SourcesScript} writes {@code get_sources}, {@code clear_worktree} and the
 * clean-up. {@code ExternalConfig} is the one file that knows the job token: git finds it through
 * {@code include.path}, so the token is in no {@code .git/config}, in no argument and in no
 * environment of git, and it is gone with that file. {@link io.armrunner.plan.GitUrl} takes URLs
 * apart and puts credentials into them.
 */
@NullMarked
package io.armrunner.git;

import org.jspecify.annotations.NullMarked;
