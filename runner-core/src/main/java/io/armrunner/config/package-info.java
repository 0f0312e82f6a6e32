/**
 * The configuration file {@code config.toml}, read into records and edited without harm.
 *
 * <p>Users come with a file that GitLab Runner wrote, and may go back to it, so the names, defaults
 * and places are GitLab Runner's (job-semantics §10). {@link io.armrunner.config.ConfigFile} knows
 * the file: it loads it and saves it atomically, readable by its owner only. {@link
 * io.armrunner.config.ConfigReader} turns text into a {@link io.armrunner.config.LoadedConfig}: the
 * {@link io.armrunner.config.Config} with its {@link io.armrunner.config.RunnerConfig}s, and {@link
 * io.armrunner.config.ConfigWarnings} that name every key which is unknown or has no effect yet, so
 * that nothing is passed over in silence. A value that cannot be used is a {@link
 * io.armrunner.config.ConfigException} with the line and the key. {@link
 * io.armrunner.config.ConfigKeys} is the one table of keys and types; {@code register} makes its
 * flags from it. {@link io.armrunner.config.ConfigText} adds and removes a runner in the text
 * itself, so comments and layout of the rest stay as the user wrote them.
 */
@NullMarked
package io.armrunner.config;

import org.jspecify.annotations.NullMarked;
