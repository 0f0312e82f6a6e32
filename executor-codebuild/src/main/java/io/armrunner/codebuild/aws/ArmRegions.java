package io.armrunner.codebuild.aws;

import java.util.List;
import java.util.Set;

/**
 * Where CodeBuild has arm64 builds on demand, as its user guide lists them in 2026: containers, and
 * fewer regions with Lambda compute. No call answers that question, so this is data.
 */
public final class ArmRegions {
    private static final Set<String> WITH_ARM =
            Set.of(
                    "us-east-1",
                    "us-east-2",
                    "us-west-1",
                    "us-west-2",
                    "ap-east-1",
                    "ap-northeast-1",
                    "ap-northeast-2",
                    "ap-northeast-3",
                    "ap-south-1",
                    "ap-south-2",
                    "ap-southeast-1",
                    "ap-southeast-2",
                    "ap-southeast-3",
                    "ap-southeast-5",
                    "ap-southeast-6",
                    "ap-southeast-7",
                    "ca-central-1",
                    "cn-north-1",
                    "cn-northwest-1",
                    "eu-central-1",
                    "eu-north-1",
                    "eu-south-1",
                    "eu-south-2",
                    "eu-west-1",
                    "eu-west-2",
                    "eu-west-3",
                    "il-central-1",
                    "me-central-1",
                    "me-south-1",
                    "sa-east-1");

    /** The same regions have it for arm64 and x86-64. */
    private static final Set<String> WITH_LAMBDA =
            Set.of(
                    "us-east-1",
                    "us-east-2",
                    "us-west-1",
                    "us-west-2",
                    "ap-south-1",
                    "ap-southeast-1",
                    "ap-southeast-2",
                    "ap-northeast-1",
                    "eu-central-1",
                    "eu-west-1",
                    "sa-east-1");

    /** By how regions begin: those with Lambda compute on the same continent, or the nearest. */
    private static final List<List<String>> LAMBDA_NEAREST =
            List.of(
                    List.of("eu-", "eu-west-1", "eu-central-1"),
                    List.of("me-", "eu-central-1", "ap-south-1"),
                    List.of("il-", "eu-central-1", "eu-west-1"),
                    List.of("af-", "eu-west-1", "eu-central-1"),
                    List.of("ap-northeast-", "ap-northeast-1", "ap-southeast-1"),
                    List.of("ap-south-", "ap-south-1", "ap-southeast-1"),
                    List.of("ap-", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1"));

    // Regions of the same partition, nearest first, from those that have none.
    private static final List<List<String>> NEAREST =
            List.of(
                    List.of("eu-central-2", "eu-central-1", "eu-south-1", "eu-west-3"),
                    List.of("ca-west-1", "us-west-2", "ca-central-1", "us-west-1"),
                    List.of("mx-central-1", "us-east-2", "us-east-1", "us-west-1"),
                    List.of("af-south-1", "eu-west-1", "eu-west-2", "me-south-1"),
                    List.of("ap-east-2", "ap-northeast-1", "ap-east-1", "ap-northeast-3"),
                    List.of(
                            "ap-southeast-4",
                            "ap-southeast-2",
                            "ap-southeast-6",
                            "ap-southeast-1"));

    private ArmRegions() {}

    public static boolean has(String region) {
        return WITH_ARM.contains(region);
    }

    /** Whether builds of a size can run in a region. */
    public static boolean has(String region, BuildSize size) {
        return size.isLambda() ? WITH_LAMBDA.contains(region) : has(region);
    }

    /** What a region with builds of this size has: {@code arm64 builds}, {@code Lambda compute}. */
    public static String what(BuildSize size) {
        return size.isLambda() ? "builds on Lambda compute" : "arm64 builds";
    }

    /** Where to go instead for builds of a size, nearest first. */
    public static List<String> near(String region, BuildSize size) {
        if (!size.isLambda()) {
            return near(region);
        }
        return LAMBDA_NEAREST.stream()
                .filter(row -> region.startsWith(row.getFirst()))
                .findFirst()
                .map(row -> row.subList(1, row.size()))
                .orElse(List.of("us-east-1", "us-east-2", "us-west-2"));
    }

    /** Where to go instead, nearest first; of an unknown region some that everybody has. */
    public static List<String> near(String region) {
        return NEAREST.stream()
                .filter(row -> row.getFirst().equals(region))
                .findAny()
                .map(row -> row.subList(1, row.size()))
                .orElse(List.of("us-east-1", "eu-west-1", "ap-southeast-1"));
    }
}
