package io.armrunner.process;

import java.time.Instant;
import java.util.Optional;

/**
 * One process and no other that gets its number later.
 *
 * @param pid its number
 * @param started when it was started, in milliseconds since the epoch; 0 when the system does not
 *     say
 */
public record ProcessIdentity(long pid, long started) {
    /** Reads the identity of a running process. */
    public static ProcessIdentity of(ProcessHandle process) {
        return new ProcessIdentity(
                process.pid(), process.info().startInstant().map(Instant::toEpochMilli).orElse(0L));
    }

    /** The process, if it still runs. */
    public Optional<ProcessHandle> find() {
        return ProcessHandle.of(pid)
                .filter(ProcessHandle::isAlive)
                .filter(process -> started == 0 || of(process).started() == started);
    }

    /** {@code pid started}, as {@link #parse} reads it. */
    public String text() {
        return pid + " " + started;
    }

    /** Reads {@link #text}; empty when it is something else. */
    public static Optional<ProcessIdentity> parse(String text) {
        String[] parts = text.strip().split(" ", -1);
        try {
            return parts.length == 2
                    ? Optional.of(
                            new ProcessIdentity(Long.parseLong(parts[0]), Long.parseLong(parts[1])))
                    : Optional.empty();
        } catch (NumberFormatException _) {
            return Optional.empty(); // a file cut short by a crash: there is no such process
        }
    }
}
