package io.armrunner.variables;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.Optional;

/**
 * Durations in Go's notation: {@code 1h20m}, {@code 90s}, {@code 1.5h}, {@code -5m}. A number
 * without a unit is none, except 0.
 */
public final class GoDuration {
    private static final BigDecimal MAX_NANOS = BigDecimal.valueOf(Long.MAX_VALUE);

    private GoDuration() {}

    /** The duration that {@code text} says; empty if it says none. */
    public static Optional<Duration> parse(String text) {
        int at = 0;
        boolean negative = false;
        if (!text.isEmpty() && (text.charAt(0) == '-' || text.charAt(0) == '+')) {
            negative = text.charAt(0) == '-';
            at = 1;
        }
        if (text.length() == at) {
            return Optional.empty();
        }
        if (text.substring(at).equals("0")) {
            return Optional.of(Duration.ZERO);
        }
        BigDecimal nanos = BigDecimal.ZERO;
        while (at < text.length()) {
            int number = at;
            while (at < text.length() && isPartOfNumber(text.charAt(at))) {
                at++;
            }
            int unit = at;
            while (at < text.length() && !isPartOfNumber(text.charAt(at))) {
                at++;
            }
            Optional<BigDecimal> value = number(text.substring(number, unit));
            long scale = nanosPer(text.substring(unit, at));
            if (value.isEmpty() || scale == 0) {
                return Optional.empty();
            }
            nanos = nanos.add(value.get().multiply(BigDecimal.valueOf(scale)));
        }
        nanos = nanos.setScale(0, RoundingMode.DOWN);
        if (nanos.compareTo(MAX_NANOS) > 0) {
            return Optional.empty();
        }
        Duration duration = Duration.ofNanos(nanos.longValueExact());
        return Optional.of(negative ? duration.negated() : duration);
    }

    /**
     * The duration as Go prints it: {@code 1h0m0s}, {@code 1m30s}, {@code 2.5s}, {@code 500ms},
     * {@code 0s}.
     */
    public static String format(Duration duration) {
        if (duration.isZero()) {
            return "0s";
        }
        String sign = duration.isNegative() ? "-" : "";
        Duration positive = duration.abs();
        if (positive.compareTo(Duration.ofSeconds(1)) < 0) {
            long nanos = positive.toNanos();
            if (nanos < 1_000) {
                return sign + nanos + "ns";
            }
            return nanos < 1_000_000
                    ? sign + decimal(nanos, 3) + "µs"
                    : sign + decimal(nanos, 6) + "ms";
        }
        StringBuilder text = new StringBuilder(sign);
        long hours = positive.toHours();
        if (hours > 0) {
            text.append(hours).append('h');
        }
        if (hours > 0 || positive.toMinutesPart() > 0) {
            text.append(positive.toMinutesPart()).append('m');
        }
        long nanos = positive.toSecondsPart() * 1_000_000_000L + positive.toNanosPart();
        return text.append(decimal(nanos, 9)).append('s').toString();
    }

    private static String decimal(long nanos, int scale) {
        BigDecimal value = BigDecimal.valueOf(nanos, scale);
        return value.signum() == 0 ? "0" : value.stripTrailingZeros().toPlainString();
    }

    private static boolean isPartOfNumber(char c) {
        return c == '.' || (c >= '0' && c <= '9');
    }

    private static Optional<BigDecimal> number(String digits) {
        boolean digit = false;
        int points = 0;
        for (int i = 0; i < digits.length(); i++) {
            if (digits.charAt(i) == '.') {
                points++;
            } else {
                digit = true;
            }
        }
        if (!digit || points > 1) {
            return Optional.empty();
        }
        return Optional.of(new BigDecimal("0" + (digits.endsWith(".") ? digits + "0" : digits)));
    }

    /** 0 for an unknown unit. */
    private static long nanosPer(String unit) {
        return switch (unit) {
            case "ns" -> 1;
            // The micro sign and the Greek letter look alike; Go takes both.
            case "us", "\u00b5s", "\u03bcs" -> 1_000;
            case "ms" -> 1_000_000;
            case "s" -> 1_000_000_000L;
            case "m" -> 60_000_000_000L;
            case "h" -> 3_600_000_000_000L;
            default -> 0;
        };
    }
}
