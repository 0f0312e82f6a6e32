package io.armrunner.trace;

import static java.nio.charset.StandardCharsets.US_ASCII;

/**
 * How much of a log GitLab gets (runner-protocol §4.7). Rules only: {@link TraceLog} keeps the
 * bytes.
 *
 * <p>Another way to shorten a log is another cut at the same place: the {@link TraceLog} asks here
 * what of an append it takes, and what it says instead of the rest.
 *
 * @param bytes the limit, counted after masks and stamps; more than 0
 */
public record OutputLimit(long bytes) {
    /** GitLab Runner's default, 4096 KiB. */
    public static final OutputLimit DEFAULT = new OutputLimit(4096L * 1024);

    public OutputLimit {
        if (bytes <= 0) {
            throw new IllegalArgumentException(
                    "output limit %d: must be more than 0 bytes".formatted(bytes));
        }
    }

    /** The runner setting {@code output_limit}: KiB, 0 for the default. */
    public static OutputLimit ofKibibytes(long kibibytes) {
        return kibibytes == 0 ? DEFAULT : new OutputLimit(Math.multiplyExact(kibibytes, 1024L));
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
}
