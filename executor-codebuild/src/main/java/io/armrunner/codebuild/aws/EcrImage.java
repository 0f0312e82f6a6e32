package io.armrunner.codebuild.aws;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import software.amazon.awssdk.services.codebuild.model.ImagePullCredentialsType;

/**
 * An image of a private registry in ECR, told by its name alone. Pure.
 *
 * @param account whose registry it is
 * @param repository its name in there, without tag or digest
 */
public record EcrImage(String account, String region, String repository) {
    private static final String HOST = ".dkr.ecr.";

    /** What an image's name says; empty for one that is elsewhere. */
    public static Optional<EcrImage> of(String image) {
        if (!image.contains(HOST)) {
            return Optional.empty();
        }
        Matcher name = Name.PATTERN.matcher(image);
        return name.matches()
                ? Optional.of(new EcrImage(name.group(1), name.group(2), name.group(3)))
                : Optional.empty();
    }

    /** Whose rights an image is pulled with. */
    public static ImagePullCredentialsType credentials(String image) {
        // ECR asks for the build's own role; public images and CodeBuild's own do not.
        return image.contains(HOST)
                ? ImagePullCredentialsType.SERVICE_ROLE
                : ImagePullCredentialsType.CODEBUILD;
    }

    /** As policies name the repository. */
    public String repositoryArn() {
        return "arn:%s:ecr:%s:%s:repository/%s"
                .formatted(AwsPlace.partition(region), region, account, repository);
    }

    /** Apart, so that the pattern is made only when somebody has such an image. */
    private static final class Name {
        private static final Pattern PATTERN =
                Pattern.compile(
                        "(\\d{12})\\.dkr\\.ecr\\.([a-z0-9-]+)\\.amazonaws\\.com(?:\\.cn)?/([^:@]+)(?:[:@].+)?");

        private Name() {}
    }
}
