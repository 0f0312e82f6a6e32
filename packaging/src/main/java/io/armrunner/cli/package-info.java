/**
 * The command line: GitLab Runner's commands, flags, environment variables and exit codes.
 *
 * <p>{@link io.armrunner.cli.Main} makes the one command that the words name, and nothing of the
 * others, because start-up time is a feature here. A command is a class of its own with its options
 * as fields; it gets {@link io.armrunner.cli.Surroundings} - the streams, the environment, the home
 * directory - by its constructor, so that a test runs it in the same JVM. Options take their value
 * from the words, then from the environment variable that {@link
 * io.armrunner.cli.EnvironmentDefaults} knows for them, then from their default. What a user did
 * wrong is one line and exit code 1 or 2, never a stack trace, unless {@code --debug} asks for it.
 * {@link io.armrunner.cli.Logging} sets up the process log on standard error.
 */
@NullMarked
package io.armrunner.cli;

import org.jspecify.annotations.NullMarked;
