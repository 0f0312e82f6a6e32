package io.armrunner.trace;

import static java.nio.charset.StandardCharsets.US_ASCII;

/**
 * How much of a log GitLab gets and how much of it is kept on the disk (runner-protocol §4.7).
 * Rules only: {@link TraceLog} keeps the bytes.
 *
 * @param bytes what GitLab gets while the job runs, counted after masks and stamps; more than 0
 * @param end how much of the end of a longer log GitLab gets when the job has ended, 0 for none
 * @param kept how much of a log stays on the disk, from its beginning; of a longer one the end does
 *     as well
 */
public record OutputLimit(long bytes, int end, long kept) {
    /** The largest {@code end}; larger ones would not be there for sure. */
    public static final int MOST_END = LogSegments.PIECE;

    private static final int DEFAULT_END = 64 * 1024;
    private static final long DEFAULT_KEPT = 64L << 20;

    /** GitLab Runner's default, 4096 KiB, and 64 KiB of the end. */
    public static final OutputLimit DEFAULT = new OutputLimit(4096L * 1024);

    public OutputLimit {
        if (bytes <= 0) {
            throw new IllegalArgumentException(
                    "output limit %d: must be more than 0 bytes".formatted(bytes));
        }
        if (end < 0 || end > MOST_END) {
            throw new IllegalArgumentException(
                    "end of the output %d: must be 0 to %d bytes".formatted(end, MOST_END));
        }
        // A small limit was set by somebody who wants small logs.
        end = (int) Math.min(end, bytes);
        // What GitLab gets is read from there.
        kept = Math.max(kept, bytes);
    }

    /** This limit, and of longer logs as much as usual. */
    public OutputLimit(long bytes) {
        this(bytes, DEFAULT_END, DEFAULT_KEPT);
    }

    /** The runner setting {@code output_limit}: KiB, 0 for the default. */
    public static OutputLimit ofKibibytes(long kibibytes) {
        return kibibytes == 0 ? DEFAULT : new OutputLimit(Math.multiplyExact(kibibytes, 1024L));
    }

    /**
     * The runner settings {@code output_limit}, {@code output_end} and {@code output_kept}, all in
     * KiB.
     */
    public static OutputLimit ofKibibytes(int limit, int end, int kept) {
        return new OutputLimit(limit * 1024L, Math.multiplyExact(end, 1024), kept * 1024L);
    }

    /** Whether a log of {@code size} bytes takes no more: the notice stands in it already. */
    boolean isReached(long size) {
        return size >= bytes;
    }

    /**
     * How many of the bytes a log of {@code size} bytes still takes, without cutting a character.
     */
    int fitting(long size, byte[] source, int offset, int length) {
        if (length < bytes - size) {
            return length;
        }
        int fitting = (int) (bytes - size);
        while (fitting > 0 && fitting < length && (source[offset + fitting] & 0xc0) == 0x80) {
            fitting--;
        }
        return fitting;
    }

    byte[] notice() {
        return ("\n"
                        + Ansi.BOLD_YELLOW
                        + "Job's log exceeded limit of "
                        + bytes
                        + " bytes.\n"
                        + "Job execution will continue but no more output will be collected."
                        + Ansi.RESET
                        + "\n")
                .getBytes(US_ASCII);
    }

    /**
     * Says that the end of the log follows.
     *
     * @param leftOut how many bytes between the notice and the end GitLab does not get
     */
    byte[] endNotice(long leftOut) {
        return (Ansi.BOLD_YELLOW
                        + leftOut
                        + " bytes are left out here. The end of the log:"
                        + Ansi.RESET
                        + "\n")
                .getBytes(US_ASCII);
    }
}
