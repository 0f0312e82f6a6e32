/**
 * Text that means the same to bash, dash, ksh and the shell of busybox.
 *
 * <p>{@link io.armrunner.shell.ShellText} collects the lines of a stage; {@link
 * io.armrunner.shell.ShellText#quote} is the only way in which a value gets into them: single
 * quotes, which every POSIX shell reads alike.
 */
@NullMarked
package io.armrunner.shell;

import org.jspecify.annotations.NullMarked;
