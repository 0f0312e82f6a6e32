package io.armrunner.codebuild.aws;

import io.armrunner.spec.Secret;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;

/** What a process has around it that says where AWS is and who it is there. */
public final class AwsSurroundings {
    private AwsSurroundings() {}

    /**
     * The account that the environment's variables, the files in {@code ~/.aws} or the machine
     * itself stand for; makes no connection.
     *
     * @param region to use there
     * @param profile of those files, if one was named; it goes before the variables
     */
    public static AwsPlace place(
            Map<String, String> environment, String region, Optional<String> profile) {
        return new AwsPlace(
                region,
                value(environment, "AWS_ENDPOINT_URL").map(URI::create),
                profile,
                profile.isPresent() ? Optional.empty() : keys(environment));
    }

    private static Optional<AwsPlace.Keys> keys(Map<String, String> environment) {
        Optional<String> secret = value(environment, "AWS_SECRET_ACCESS_KEY");
        return value(environment, "AWS_ACCESS_KEY_ID")
                .filter(_ -> secret.isPresent())
                .map(key ->
                        new AwsPlace.Keys(
                                key,
                                Secret.of(secret.orElse("")),
                                Secret.of(environment.get("AWS_SESSION_TOKEN"))));
    }

    private static Optional<String> value(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).filter(text -> !text.isBlank());
    }

    /**
     * The usual region: AWS_REGION, AWS_DEFAULT_REGION, the profile's, or where the machine is. The
     * last may take a second, as it asks the machine's surroundings.
     */
    public static Optional<String> region(
            Map<String, String> environment, Optional<String> profile) {
        Optional<String> named =
                List.of("AWS_REGION", "AWS_DEFAULT_REGION").stream()
                        .map(name -> value(environment, name))
                        .flatMap(Optional::stream)
                        .findFirst();
        return named.or(() -> {
            try {
                DefaultAwsRegionProviderChain.Builder chain =
                        DefaultAwsRegionProviderChain.builder()
                                .profileFile(ProfileFile::defaultProfileFile);
                profile.ifPresent(chain::profileName);
                return Optional.of(chain.build().getRegion().id());
            } catch (SdkClientException _) {
                return Optional.empty(); // nobody says; the caller asks the user
            }
        });
    }
}
