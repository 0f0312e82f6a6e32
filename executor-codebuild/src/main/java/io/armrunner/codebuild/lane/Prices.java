package io.armrunner.codebuild.lane;

import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.handover.Tariff;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Map;

/**
 * What a build costs, from the moment that a machine comes up. Pure.
 *
 * <p>The tables have what AWS's pages and its users say of a region's smallest machines in 2026;
 * prices change, so {@code [prices]} of the configuration comes first.
 */
final class Prices {
    private static final Map<String, Double> ARM_SMALL =
            Map.of("us-east-1", 0.0034, "ap-south-1", 0.002, "ap-northeast-1", 0.00425);

    private static final Map<String, Double> X86_SMALL = Map.of("us-east-1", 0.005);

    /** A second of Lambda compute with one GiB; the price follows the memory, x86-64 is double. */
    private static final Map<String, Double> ARM_LAMBDA = Map.of("us-east-1", 0.00001);

    private Prices() {}

    /** How a build of a size is billed; without a price where that is not known. */
    static Tariff of(CodeBuildSettings settings, String region, BuildSize size) {
        Double price = settings.prices().get(size);
        if (price == null) {
            price = known(settings.machine() == CodeBuildSettings.Machine.ARM64, region, size);
        }
        return new Tariff(size.isLambda() ? Tariff.Unit.SECOND : Tariff.Unit.MINUTE, price);
    }

    private static double known(boolean arm, String region, BuildSize size) {
        if (size.isLambda()) {
            return ARM_LAMBDA.getOrDefault(region, 0.0) * size.memoryGib() * (arm ? 1 : 2);
        }
        return size == BuildSize.SMALL
                ? (arm ? ARM_SMALL : X86_SMALL).getOrDefault(region, 0.0)
                : 0;
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
