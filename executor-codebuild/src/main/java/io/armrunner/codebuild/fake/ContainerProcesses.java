package io.armrunner.codebuild.fake;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.armrunner.process.ProcessGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * The processes of a build's container, which all die with it: those that its command started, and
 * those that are nobody's child any more because their parent was quicker to end.
 *
 * @param root the build's directory: who works in it or has it among its words or variables is one
 *     of them
 * @param buildArn in the environment of those that see the directory by another name
 */
record ContainerProcesses(Path root, String buildArn) {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** Kills them, and those that they start meanwhile, and waits until none is left. */
    void kill(Process command) throws IOException {
        // Each has a session of its own, or is in that of one of these.
        List<Long> groups =
                Stream.concat(command.descendants(), Stream.of(command.toHandle()))
                        .map(ProcessHandle::pid)
                        .toList();
        for (long group : groups) {
            ProcessGroup.signal(group, ProcessGroup.Signal.KILL);
        }
        boolean interrupted = false;
        long end = System.nanoTime() + LIMIT.toNanos();
        for (List<ProcessHandle> left = left(); !left.isEmpty(); left = left()) {
            if (System.nanoTime() > end) {
                throw new IOException(
                        "processes of %s can't be killed: %s"
                                .formatted(
                                        buildArn, left.stream().map(ProcessHandle::pid).toList()));
            }
            left.stream()
                    .flatMap(process -> Stream.concat(process.descendants(), Stream.of(process)))
                    .forEach(ProcessHandle::destroyForcibly);
            try {
                Thread.sleep(Duration.ofMillis(1));
            } catch (InterruptedException _) {
                interrupted = true; // whoever hurries wants them gone all the more
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private List<ProcessHandle> left() {
        long self = ProcessHandle.current().pid();
        return ProcessHandle.allProcesses()
                .filter(process -> process.pid() != self && isOne(process.pid()))
                .toList();
    }

    private boolean isOne(long pid) {
        Path process = Path.of("/proc", Long.toString(pid));
        try {
            String variables = read(process.resolve("environ"));
            return Files.readSymbolicLink(process.resolve("cwd")).startsWith(root)
                    || read(process.resolve("cmdline")).contains(root + "/")
                    // Jobs have few of the container's variables, but its home.
                    || variables.contains(root + "/")
                    || variables.contains("CODEBUILD_BUILD_ARN=" + buildArn + "\0");
        } catch (IOException e) {
            // It has ended, or is another user's.
            return false;
        }
    }

    private static String read(Path file) throws IOException {
        return Files.readString(file, ISO_8859_1);
    }
}
