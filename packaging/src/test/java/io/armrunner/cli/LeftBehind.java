package io.armrunner.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The processes that have to do with a test's directory, whoever their parent is by now. */
final class LeftBehind {
    private LeftBehind() {}

    /** Those that work in it or have it in their arguments. */
    static List<ProcessHandle> in(Path directory) {
        return ProcessHandle.allProcesses()
                .filter(process -> worksIn(process, directory) || names(process, directory))
                .toList();
    }

    private static boolean worksIn(ProcessHandle process, Path directory) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/" + process.pid() + "/cwd"))
                    .startsWith(directory);
        } catch (IOException e) {
            // It has ended, or is another user's.
            return false;
        }
    }

    private static boolean names(ProcessHandle process, Path directory) {
        try {
            return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"), ISO_8859_1)
                    .contains(directory.toString());
        } catch (IOException e) {
            return false;
        }
    }
}
