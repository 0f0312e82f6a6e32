package io.armrunner.codebuild.handover;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.Locale;

/**
 * How a build's time is billed: containers by the begun minute, Lambda compute by the begun second.
 *
 * @param dollars US dollars for a unit of time, 0 if not known
 */
public record Tariff(Unit unit, double dollars) {
    /** What each begun one of counts. */
    public enum Unit {
        MINUTE(60),
        SECOND(1);

        private final long seconds;

        Unit(long seconds) {
            this.seconds = seconds;
        }

        /** Where a tariff stands in a hand-over. */
        String key() {
            return "price_per_" + word();
        }

        private String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** How many units are billed for a time; the least is one. */
    public long units(Duration time) {
        long seconds = Math.max(1, time.plusMillis(999).toSeconds());
        return Math.ceilDiv(seconds, unit.seconds);
    }

    /** A time for people: {@code 1 minute}, {@code 74 seconds}. */
    public String time(long units) {
        return units + " " + unit.word() + (units == 1 ? "" : "s");
    }

    /** What they cost, for people: {@code $0.0068}; a second's fractions of a cent are shown. */
    public String price(long units) {
        int digits = unit == Unit.SECOND ? 6 : 4;
        return "$"
                + BigDecimal.valueOf(units * dollars)
                        .setScale(digits, RoundingMode.HALF_UP)
                        .toPlainString();
    }

    /** The price of one: {@code $0.0034 a minute}. */
    public String rate() {
        return price(1) + " a " + unit.word();
    }

    /** Whether there is a price. */
    public boolean isKnown() {
        return dollars > 0;
    }
}
