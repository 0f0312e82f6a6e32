package io.armrunner.codebuild.lane;

import io.armrunner.codebuild.aws.BuildSize;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What a build costs. CodeBuild bills whole minutes, from the moment that a machine comes up. Pure.
 *
 * <p>The table has what AWS's pages and its users say of a region's small machines in 2026; prices
 * change, so {@code [prices]} of the configuration comes first.
 */
final class Prices {
    private static final Map<String, Double> ARM_SMALL =
            Map.of("us-east-1", 0.0034, "ap-south-1", 0.002, "ap-northeast-1", 0.00425);

    private static final Map<String, Double> X86_SMALL = Map.of("us-east-1", 0.005);

    private Prices() {}

    /** US dollars a minute; empty where it is not known. */
    static OptionalDouble perMinute(CodeBuildSettings settings, String region, BuildSize size) {
        Double configured = settings.prices().get(size);
        if (configured != null) {
            return OptionalDouble.of(configured);
        }
        Map<String, Double> table =
                settings.machine() == CodeBuildSettings.Machine.ARM64 ? ARM_SMALL : X86_SMALL;
        Double known = size == BuildSize.SMALL ? table.get(region) : null;
        return known == null ? OptionalDouble.empty() : OptionalDouble.of(known);
    }

    /** The minutes that are billed for a time. */
    static long minutes(Duration time) {
        long seconds = Math.max(1, time.plusMillis(999).toSeconds());
        return (seconds + 59) / 60;
    }

    /** An amount for people: {@code $0.0068}. */
    static String text(double dollars) {
        return "$"
                + BigDecimal.valueOf(dollars)
                        .setScale(dollars < 1 ? 4 : 2, RoundingMode.HALF_UP)
                        .toPlainString()
                        .toLowerCase(Locale.ROOT);
    }
}
