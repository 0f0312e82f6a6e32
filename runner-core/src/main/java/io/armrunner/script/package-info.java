/**
 * The stages of a plan as text for a shell (job-semantics §4.1 to §4.3).
 *
 * <p>{@link io.armrunner.script.StageScripts} is the entry: it picks the body for a stage and wraps
 * it. A body first exports the variables, then does the stage's work; the wrapper hands it to
 * {@code eval} as one quoted word, in a subshell with an empty standard input, so that no command
 * can eat the script and the commands before a syntax error still run. The text goes to the shell's
 * standard input once. It forks nothing that a builtin can do, because every process of a stage is
 * paid for by every job on a small ARM machine.
 */
@NullMarked
package io.armrunner.script;

import org.jspecify.annotations.NullMarked;
