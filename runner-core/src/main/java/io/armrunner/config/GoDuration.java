package io.armrunner.config;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;

/** Go's text for a length of time: {@code 1h30m}, {@code 1.5s}, {@code 300ms}, {@code -2m}. */
final class GoDuration {
    private static final BigInteger LONGEST = BigInteger.valueOf(Long.MAX_VALUE);

    private GoDuration() {}

    /**
     * Reads it, or throws {@link IllegalArgumentException} with a text that says what would be
     * right.
     */
    static Duration parse(String text) {
        String rest = text;
        boolean negative = rest.startsWith("-");
        if (negative || rest.startsWith("+")) {
            rest = rest.substring(1);
        }
        if (rest.equals("0")) {
            return Duration.ZERO;
        }
        if (rest.isEmpty()) {
            throw malformed(text);
        }
        BigInteger nanos = BigInteger.ZERO;
        int at = 0;
        while (at < rest.length()) {
            int number = at;
            while (at < rest.length() && (rest.charAt(at) == '.' || isDigit(rest.charAt(at)))) {
                at++;
            }
            int unit = at;
            while (at < rest.length() && rest.charAt(at) != '.' && !isDigit(rest.charAt(at))) {
                at++;
            }
            nanos = nanos.add(nanos(text, rest.substring(number, unit), rest.substring(unit, at)));
        }
        if (nanos.compareTo(LONGEST) > 0) {
            throw malformed(text);
        }
        return Duration.ofNanos(negative ? -nanos.longValueExact() : nanos.longValueExact());
    }

    private static BigInteger nanos(String text, String number, String unit) {
        long perUnit =
                switch (unit) {
                    case "ns" -> 1L;
                    case "us", "µs", "μs" -> 1_000L;
                    case "ms" -> 1_000_000L;
                    case "s" -> 1_000_000_000L;
                    case "m" -> 60_000_000_000L;
                    case "h" -> 3_600_000_000_000L;
                    default -> throw malformed(text);
                };
        if (number.isEmpty()
                || number.equals(".")
                || number.indexOf('.') != number.lastIndexOf('.')) {
            throw malformed(text);
        }
        return new BigDecimal(number).multiply(BigDecimal.valueOf(perUnit)).toBigInteger();
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static IllegalArgumentException malformed(String text) {
        return new IllegalArgumentException(
                "\"" + text + "\" is not a duration such as \"30s\", \"10m\" or \"1h30m\"");
    }
}
