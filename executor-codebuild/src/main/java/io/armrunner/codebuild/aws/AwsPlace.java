package io.armrunner.codebuild.aws;

import io.armrunner.spec.Secret;
import java.net.URI;
import java.util.Optional;

/**
 * An account in a region, and how to get there.
 *
 * @param region such as {@code eu-west-3}
 * @param endpoint one address for all services instead of AWS's own: the fake, or a private one
 * @param profile a profile of the AWS configuration files
 * @param keys fixed keys; without them and a profile the SDK looks in its usual places
 */
public record AwsPlace(
        String region, Optional<URI> endpoint, Optional<String> profile, Optional<Keys> keys) {
    /**
     * An access key.
     *
     * @param token of a session; absent for the key of a user
     */
    public record Keys(String accessKey, Secret secretKey, Secret token) {}

    /** AWS itself, with the credentials of this machine. */
    public static AwsPlace of(String region) {
        return new AwsPlace(region, Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** What stands second in the ARNs of a region. */
    public static String partition(String region) {
        return region.startsWith("cn-")
                ? "aws-cn"
                : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
    }

    /** The same account elsewhere. */
    public AwsPlace in(String other) {
        return new AwsPlace(other, endpoint, profile, keys);
    }
}
