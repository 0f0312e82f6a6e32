package io.armrunner.process;

import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * Signals to a process group, and the name of a process that stays true after its number was used
 * again.
 */
public final class ProcessGroup {
    /**
     * A shell's builtin ends within milliseconds; this only bounds a host that is out of breath.
     */
    private static final long KILL_SECONDS = 30;

    private ProcessGroup() {}

    /**
     * Sends a signal to all processes of a group.
     *
     * @param leader the process id of the group's leader, which is the group's number
     * @param signal {@code TERM} or {@code KILL}
     * @return whether there was anyone to get it
     */
    public static boolean signal(long leader, String signal)
            throws IOException, InterruptedException {
        // The shell's builtin: no minimal image lacks it, and it costs one process only when a job
        // is stopped.
        Process kill =
                new ProcessBuilder(
                                "sh",
                                "-c",
                                "kill -s \"$1\" -- \"-$2\"",
                                "sh",
                                signal,
                                Long.toString(leader))
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        kill.getOutputStream().close();
        if (!kill.waitFor(KILL_SECONDS, TimeUnit.SECONDS)) {
            kill.destroyForcibly();
            throw new IOException(
                    "Could not send SIG%s to process group %d within %d s."
                            .formatted(signal, leader, KILL_SECONDS));
        }
        return kill.exitValue() == 0;
    }
}
