package io.armrunner.config;

import java.util.Locale;
import java.util.OptionalLong;

/** Sizes as people write them: {@code 500MB}, {@code 2 GiB}, {@code 1024}. */
public final class ByteSize {
    private static final String UNITS = "KMGT";

    private ByteSize() {}

    /**
     * The bytes; empty if {@code text} is no size. Units are powers of 1024, with or without {@code
     * i} and {@code B}, as GitLab Runner's {@code memory} settings have them.
     */
    public static OptionalLong parse(String text) {
        String left = text.strip().toUpperCase(Locale.ROOT);
        if (left.endsWith("B")) {
            left = left.substring(0, left.length() - 1);
        }
        if (left.endsWith("I")) {
            left = left.substring(0, left.length() - 1);
        }
        long factor = 1;
        int unit = left.isEmpty() ? -1 : UNITS.indexOf(left.charAt(left.length() - 1));
        if (unit >= 0) {
            factor = 1L << (10 * (unit + 1));
            left = left.substring(0, left.length() - 1);
        }
        try {
            long number = Long.parseLong(left.strip());
            return number < 0
                    ? OptionalLong.empty()
                    : OptionalLong.of(Math.multiplyExact(number, factor));
        } catch (ArithmeticException | NumberFormatException e) {
            return OptionalLong.empty();
        }
    }

    /** The size in the unit that leaves one to four digits: {@code 512 MB}. */
    public static String format(long bytes) {
        long left = bytes;
        int unit = -1;
        while (left >= 10_000 && unit < UNITS.length() - 1) {
            left /= 1024;
            unit++;
        }
        return left + (unit < 0 ? " bytes" : " " + UNITS.charAt(unit) + "B");
    }
}
