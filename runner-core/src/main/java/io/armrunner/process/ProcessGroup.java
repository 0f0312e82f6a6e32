package io.armrunner.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Signals to a process group, and the name of a process that stays true after its number was used
 * again.
 */
public final class ProcessGroup {
    /** What a group can be told, with the system's number of it. */
    public enum Signal {
        KILL(9),
        TERM(15);

        private final int number;

        Signal(int number) {
            this.number = number;
        }
    }

    private ProcessGroup() {}

    /**
     * Sends a signal to all processes of a group.
     *
     * @param leader the process id of the group's leader, which is the group's number
     * @return whether there was anyone to get it
     */
    public static boolean signal(long leader, Signal signal) throws IOException {
        return Posix.library().signalGroup(leader, signal.number);
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
