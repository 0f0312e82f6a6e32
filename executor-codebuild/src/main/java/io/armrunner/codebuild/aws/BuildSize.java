package io.armrunner.codebuild.aws;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The machines that CodeBuild has for arm64 containers. Nothing lies between eight and 32
 * processors, and there is none with one.
 */
public enum BuildSize {
    SMALL("BUILD_GENERAL1_SMALL", 2, 4, "L-5ED1D25B"),
    MEDIUM("BUILD_GENERAL1_MEDIUM", 4, 8, "L-DF544FF3"),
    LARGE("BUILD_GENERAL1_LARGE", 8, 16, "L-596BEAB4"),
    XLARGE("BUILD_GENERAL1_XLARGE", 32, 64, "L-8D06F3EA"),
    XXLARGE("BUILD_GENERAL1_2XLARGE", 48, 96, "L-1E43FDE0");

    private final String computeType;
    private final int processors;
    private final int memoryGib;
    private final String quotaCode;

    BuildSize(String computeType, int processors, int memoryGib, String quotaCode) {
        this.computeType = computeType;
        this.processors = processors;
        this.memoryGib = memoryGib;
        this.quotaCode = quotaCode;
    }

    /** {@code small}, {@code medium}, {@code large}, {@code xlarge} or {@code 2xlarge}. */
    public String word() {
        return this == XXLARGE ? "2xlarge" : name().toLowerCase(Locale.ROOT);
    }

    /** CodeBuild's name, such as {@code BUILD_GENERAL1_SMALL}. */
    public String computeType() {
        return computeType;
    }

    public int processors() {
        return processors;
    }

    public int memoryGib() {
        return memoryGib;
    }

    /** The code in Service Quotas of how many such builds may run at once; a new account has 1. */
    public String quotaCode() {
        return quotaCode;
    }

    /** The size of a word, in any case. */
    public static Optional<BuildSize> of(String word) {
        return Arrays.stream(values()).filter(size -> size.word().equalsIgnoreCase(word)).findAny();
    }

    /** All words, for a message. */
    public static String words() {
        return Arrays.stream(values()).map(BuildSize::word).collect(Collectors.joining(", "));
    }
}
