package io.armrunner.codebuild.aws;

import java.util.Optional;

/** What is known of images by their names alone. Pure. */
public final class CuratedImages {
    private static final String CURATED = "aws/codebuild/";
    private static final String ON_LAMBDA = "-lambda-standard:";
    private static final String JAVA_ON_LAMBDA = ON_LAMBDA + "corretto";

    private CuratedImages() {}

    /** CodeBuild's own image for Lambda compute that ships the Java that the agent runs on. */
    public static String onLambda(String architecture) {
        return CURATED + "amazonlinux-" + architecture + JAVA_ON_LAMBDA + 25;
    }

    /**
     * Whether an image is known to have Java 25: CodeBuild's own for containers have all kinds of
     * languages, those for Lambda compute one each.
     */
    public static boolean haveJava(String image) {
        if (!image.startsWith(CURATED)) {
            return false;
        }
        int java = image.indexOf(JAVA_ON_LAMBDA);
        if (java >= 0) {
            String version = image.substring(java + JAVA_ON_LAMBDA.length());
            return version.compareTo("25") >= 0 && version.length() >= 2;
        }
        return !image.contains(ON_LAMBDA);
    }

    /** Whether an image is known not to have it, as CodeBuild's for other languages on Lambda. */
    public static boolean lackJava(String image) {
        return image.startsWith(CURATED) && image.contains(ON_LAMBDA) && !haveJava(image);
    }

    /** Why builds of a size cannot have an image, in words that follow its name. */
    public static Optional<String> unfit(String image, BuildSize size) {
        boolean forLambda = image.startsWith(CURATED) && image.contains(ON_LAMBDA);
        if (!size.isLambda()) {
            return forLambda
                    ? Optional.of(
                            "is one of Lambda compute, which size %s is not".formatted(size.word()))
                    : Optional.empty();
        }
        return forLambda || EcrImage.of(image).isPresent()
                ? Optional.empty()
                : Optional.of(
                        "cannot run on Lambda compute (%s): that takes CodeBuild's own images whose names have \"lambda-standard\", and images for one architecture from a private registry in ECR"
                                .formatted(size.word()));
    }
}
