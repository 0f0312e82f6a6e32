package io.armrunner.ci;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * GitLab's spelled-out durations: {@code 1h 30m}, {@code 90 minutes}, {@code 3600}, {@code 1 day
 * and 2 hours}.
 */
final class Durations {
    private Durations() {}

    /** The duration, to the second; empty when the text is none. A bare number is seconds. */
    static Optional<Duration> parse(String text) {
        double seconds = 0;
        boolean any = false;
        int i = 0;
        String lower = text.toLowerCase(Locale.ROOT);
        while (i < lower.length()) {
            char c = lower.charAt(i);
            if (Character.isWhitespace(c) || c == ',') {
                i++;
                continue;
            }
            if (any && lower.startsWith("and ", i)) {
                i += 4;
                continue;
            }
            int number = i;
            while (i < lower.length()
                    && (Character.isDigit(lower.charAt(i)) || lower.charAt(i) == '.')) {
                i++;
            }
            if (number == i || !isNumber(lower.substring(number, i))) {
                return Optional.empty();
            }
            double amount = Double.parseDouble(lower.substring(number, i));
            while (i < lower.length() && Character.isWhitespace(lower.charAt(i))) {
                i++;
            }
            int word = i;
            while (i < lower.length() && Character.isLetter(lower.charAt(i))) {
                i++;
            }
            double unit = unit(lower.substring(word, i));
            if (unit < 0) {
                return Optional.empty();
            }
            seconds += amount * unit;
            any = true;
        }
        return any && seconds < Integer.MAX_VALUE
                ? Optional.of(Duration.ofSeconds((long) seconds))
                : Optional.empty();
    }

    private static boolean isNumber(String text) {
        return !text.startsWith(".")
                && !text.endsWith(".")
                && text.indexOf('.') == text.lastIndexOf('.');
    }

    private static double unit(String word) {
        return switch (word) {
            case "", "s", "sec", "secs", "second", "seconds" -> 1;
            case "m", "min", "mins", "minute", "minutes" -> 60;
            case "h", "hr", "hrs", "hour", "hours" -> 3600;
            case "d", "day", "days" -> 86_400;
            case "w", "wk", "wks", "week", "weeks" -> 604_800;
            // Months of 30 days and years of 365.25, as GitLab counts them.
            case "mo", "mos", "month", "months" -> 2_592_000;
            case "y", "yr", "yrs", "year", "years" -> 31_557_600;
            default -> -1;
        };
    }
}
