package io.armrunner.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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

    /**
     * Whether a group still has a process that runs. A zombie does not: on a host whose first
     * process does not collect orphans it stays for ever.
     */
    public static boolean isAlive(long leader) throws IOException {
        try (DirectoryStream<Path> processes =
                Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                if (isRunningMember(process.resolve("stat"), Long.toString(leader))) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean isRunningMember(Path stat, String group) {
        String text;
        try {
            text = Files.readString(stat, ISO_8859_1);
        } catch (IOException e) {
            // It ended while we were looking.
            return false;
        }
        // proc(5): pid (name) state parent group …; the name may hold anything, so from its end on.
        List<String> fields =
                List.of(text.substring(text.lastIndexOf(')') + 1).strip().split(" ", 4));
        return fields.size() == 4
                && fields.get(2).equals(group)
                && !fields.get(0).equals("Z")
                && !fields.get(0).equals("X");
    }
}
