package io.armrunner.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * One process and no other that gets its number later.
 *
 * @param pid its number
 * @param started when it was started, in milliseconds since the epoch; 0 when the system does not
 *     say
 */
public record ProcessIdentity(long pid, long started) {
    /** No process. */
    static final ProcessIdentity GONE = new ProcessIdentity(0, 0);

    /** Reads the identity of a running process. */
    public static ProcessIdentity of(ProcessHandle process) {
        return new ProcessIdentity(
                process.pid(), process.info().startInstant().map(Instant::toEpochMilli).orElse(0L));
    }

    /** Reads the identity of a process by its number; that of no process if it is gone already. */
    static ProcessIdentity of(long pid) {
        return ProcessHandle.of(pid).map(ProcessIdentity::of).orElse(GONE);
    }

    /** The process, if it still runs. */
    public Optional<ProcessHandle> find() {
        return ProcessHandle.of(pid)
                .filter(ProcessHandle::isAlive)
                .filter(process -> started == 0 || of(process).started() == started);
    }

    /**
     * The process that wrote its number into a file's first line when it started; empty when it is
     * gone. A number alone may be another's by now: the arguments of the right process contain
     * {@code word}.
     */
    public static Optional<ProcessIdentity> claimed(Path file, String word) throws IOException {
        String number;
        try {
            number = Files.readString(file, UTF_8).lines().findFirst().orElse("");
        } catch (NoSuchFileException _) {
            return Optional.empty();
        }
        // Empty: it was killed before it could write, or it writes just now.
        if (number.isEmpty() || !number.chars().allMatch(Character::isDigit)) {
            return Optional.empty();
        }
        try {
            // Of a zombie nothing is left to read.
            String arguments = Files.readString(Path.of("/proc", number, "cmdline"), ISO_8859_1);
            return arguments.contains(word)
                    ? ProcessHandle.of(Long.parseLong(number)).map(ProcessIdentity::of)
                    : Optional.empty();
        } catch (IOException _) {
            return Optional.empty(); // no such process
        }
    }

    /** Whether there is a process, of those that we may look at, with this argument. */
    static boolean runs(String argument) throws IOException {
        try (DirectoryStream<Path> processes =
                Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                if (arguments(process).contains(argument)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static List<String> arguments(Path process) {
        try {
            return List.of(Files.readString(process.resolve("cmdline"), ISO_8859_1).split("\0"));
        } catch (IOException _) {
            return List.of(); // it has ended meanwhile
        }
    }

    /** Whether it has ended and nobody has asked for its status: it runs no more. */
    boolean isZombie() {
        try {
            String stat =
                    Files.readString(Path.of("/proc", Long.toString(pid), "stat"), ISO_8859_1);
            return stat.substring(stat.lastIndexOf(')') + 1).strip().startsWith("Z");
        } catch (IOException _) {
            return false; // it is gone, which find() sees
        }
    }
}
