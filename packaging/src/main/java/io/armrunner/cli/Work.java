package io.armrunner.cli;

/**
 * What a command does once its options are read. The long-running commands are only options
 * themselves; their work is handed in where {@link Main} lists the commands, so that {@code
 * armrunner list} never loads it.
 */
@FunctionalInterface
interface Work<C> {
    /** Does it and gives the exit code. Runs on the main thread. */
    int run(C command) throws Exception;
}
