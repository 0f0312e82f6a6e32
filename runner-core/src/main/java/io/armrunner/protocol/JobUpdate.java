package io.armrunner.protocol;

import io.armrunner.spec.FailureReason;
import org.jspecify.annotations.Nullable;

/** What {@code PUT /jobs/:id} says (runner-protocol §5.1). */
public sealed interface JobUpdate {
    /** The job was accepted: the first call on it, with an empty {@code output}. */
    record Accepted() implements JobUpdate {}

    /** The job still runs. */
    record KeepAlive(LogState log) implements JobUpdate {}

    /** The job ended well. */
    record Success(LogState log) implements JobUpdate {}

    /**
     * The job failed.
     *
     * @param reason the reason's name on the wire, already one that the server knows
     * @param exitCode the script's exit code; {@code null} or 0 when there is none to report
     */
    record Failed(LogState log, String reason, @Nullable Integer exitCode) implements JobUpdate {
        /** A failure whose reason is sent as it is. */
        public static Failed of(LogState log, FailureReason reason) {
            return new Failed(log, reason.wireName(), null);
        }
    }

    /**
     * The job failed where nobody here could see its log, so nothing is said of that.
     *
     * @param reason the reason's name on the wire, already one that the server knows
     */
    record FailedElsewhere(String reason) implements JobUpdate {}

    /**
     * The log as it stands.
     *
     * @param crc32 CRC-32 (IEEE) of all bytes so far
     * @param size their number
     */
    record LogState(int crc32, long size) {
        /** {@code crc32:} and eight lower-case hex digits. */
        public String checksum() {
            return "crc32:%08x".formatted(crc32);
        }
    }
}
