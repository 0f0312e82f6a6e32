package io.armrunner.codebuild.aws;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The machines that CodeBuild has for arm64: those of containers, of which nothing lies between
 * eight and 32 processors and none has one, and those of Lambda compute, whose processors follow
 * their memory. A project, a lane and a build have either the ones or the others.
 */
public enum BuildSize {
    SMALL("small", "BUILD_GENERAL1_SMALL", 4, "L-5ED1D25B"),
    MEDIUM("medium", "BUILD_GENERAL1_MEDIUM", 8, "L-DF544FF3"),
    LARGE("large", "BUILD_GENERAL1_LARGE", 16, "L-596BEAB4"),
    XLARGE("xlarge", "BUILD_GENERAL1_XLARGE", 64, "L-8D06F3EA"),
    XXLARGE("2xlarge", "BUILD_GENERAL1_2XLARGE", 96, "L-1E43FDE0"),
    LAMBDA_1GB("lambda-1gb", "BUILD_LAMBDA_1GB", 1, "L-FD92223D"),
    LAMBDA_2GB("lambda-2gb", "BUILD_LAMBDA_2GB", 2, "L-DE99852F"),
    LAMBDA_4GB("lambda-4gb", "BUILD_LAMBDA_4GB", 4, "L-72045165"),
    LAMBDA_8GB("lambda-8gb", "BUILD_LAMBDA_8GB", 8, "L-546A802A"),
    LAMBDA_10GB("lambda-10gb", "BUILD_LAMBDA_10GB", 10, "L-36AF3CA5");

    private final String word;
    private final String computeType;
    private final int memoryGib;
    private final String quotaCode;

    BuildSize(String word, String computeType, int memoryGib, String quotaCode) {
        this.word = word;
        this.computeType = computeType;
        this.memoryGib = memoryGib;
        this.quotaCode = quotaCode;
    }

    /** {@code small} to {@code 2xlarge}, {@code lambda-1gb} to {@code lambda-10gb}. */
    public String word() {
        return word;
    }

    /** Whether it is one of Lambda compute. */
    public boolean isLambda() {
        return this.compareTo(LAMBDA_1GB) >= 0;
    }

    /** What CodeBuild calls an arm64 place of this kind. */
    public String armEnvironment() {
        return isLambda() ? "ARM_LAMBDA_CONTAINER" : "ARM_CONTAINER";
    }

    /** CodeBuild's name, such as {@code BUILD_GENERAL1_SMALL}. */
    public String computeType() {
        return computeType;
    }

    public int memoryGib() {
        return memoryGib;
    }

    /** The code in Service Quotas of how many such builds may run at once; a new account has 1. */
    public String quotaCode() {
        return quotaCode;
    }

    /**
     * What Service Quotas calls the quota, which differs by machine: for arm64 with the code as
     * well.
     */
    public String quota(boolean arm) {
        String kind = (arm ? "ARM" : "Linux") + (isLambda() ? " Lambda" : "");
        String its =
                switch (this) {
                    case SMALL -> "Small";
                    case MEDIUM -> "Medium";
                    case LARGE -> "Large";
                    case XLARGE -> "XLarge";
                    case XXLARGE -> "2XLarge";
                    case LAMBDA_1GB, LAMBDA_2GB, LAMBDA_4GB, LAMBDA_8GB, LAMBDA_10GB ->
                            memoryGib + "GB";
                };
        String name = "\"Concurrently running builds for %s/%s environment\"".formatted(kind, its);
        return arm ? quotaCode + " (" + name + ")" : name;
    }

    /** The size of a word, in any case. */
    public static Optional<BuildSize> of(String word) {
        return Arrays.stream(values()).filter(size -> size.word().equalsIgnoreCase(word)).findAny();
    }

    /** The size of one of CodeBuild's names. */
    public static Optional<BuildSize> ofComputeType(String name) {
        return Arrays.stream(values()).filter(size -> size.computeType.equals(name)).findAny();
    }

    /** All words, for a message. */
    public static String words() {
        return Arrays.stream(values()).map(BuildSize::word).collect(Collectors.joining(", "));
    }
}
