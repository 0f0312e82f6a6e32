package io.armrunner.codebuild.setup;

import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.aws.CuratedImages;
import io.armrunner.codebuild.aws.EcrImage;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What the lane is to have in an account: one project with its role, bucket and log group, all
 * named after {@code name} and tagged with it.
 *
 * @param name tells several installations of one account apart; small letters, digits and dashes
 * @param account the twelve digits
 * @param size of the machines, when a job asks for none
 * @param image the curated image, when a job asks for none
 * @param network where builds have their addresses; AWS's own without one
 * @param key the ARN of a KMS key for the bucket; AWS's own without one
 * @param repositories ARNs of private repositories in ECR whose images builds may run in
 * @param logDays for how long boot logs are kept
 */
public record Installation(
        String name,
        String region,
        String account,
        BuildSize size,
        String image,
        Optional<Network> network,
        Optional<String> key,
        List<String> repositories,
        int logDays) {
    /** Amazon Linux 2023 with Java 25, git and Docker. */
    static final String CONTAINER_IMAGE = "aws/codebuild/amazonlinux-aarch64-standard:3.0";

    /** The tag of every resource; its value is the installation's name. */
    public static final String TAG = "armrunner";

    static final int DEFAULT_LOG_DAYS = 7;
    // The bucket's name may have 63 letters, of which the rest takes 41.
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?");

    /**
     * A network of the user's own.
     *
     * @param vpc its id
     * @param subnets private ones, with a way out by NAT
     */
    public record Network(String vpc, List<String> subnets, List<String> securityGroups) {
        public Network {
            subnets = List.copyOf(subnets);
            securityGroups = List.copyOf(securityGroups);
        }
    }

    // Longer ones than IAM takes in all policies of a role together are AWS's to refuse.
    private static final Pattern REPOSITORY =
            Pattern.compile("[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*");
    private static final Pattern REPOSITORY_ARN =
            Pattern.compile(
                    "arn:aws(?:-cn|-us-gov)?:ecr:[a-z0-9-]+:\\d{12}:repository/" + REPOSITORY);

    public Installation {
        repositories = List.copyOf(repositories);
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "\"%s\" cannot be the name: use up to 20 small letters, digits and dashes"
                            .formatted(name));
        }
        if (size.isLambda() && network.isPresent()) {
            throw new IllegalArgumentException(
                    "Lambda compute (%s) has no network of your own: leave --vpc out or take another size"
                            .formatted(size.word()));
        }
        Optional<String> unfit = CuratedImages.unfit(image, size);
        if (unfit.isPresent()) {
            throw new IllegalArgumentException("image %s %s".formatted(image, unfit.get()));
        }
    }

    /** The curated image for a size that ships Java 25. */
    public static String image(BuildSize size) {
        return size.isLambda() ? CuratedImages.onLambda("aarch64") : CONTAINER_IMAGE;
    }

    /** With what most have: small machines on the curated image, AWS's network and key. */
    public static Installation of(String name, String region, String account) {
        return new Installation(
                name,
                region,
                account,
                BuildSize.SMALL,
                CONTAINER_IMAGE,
                Optional.empty(),
                Optional.empty(),
                List.of(),
                DEFAULT_LOG_DAYS);
    }

    public Installation withNetwork(Network other) {
        return new Installation(
                name, region, account, size, image, Optional.of(other), key, repositories, logDays);
    }

    /** With other machines, and their own image when they are of the other kind. */
    public Installation withSize(BuildSize other) {
        String its = other.isLambda() == size.isLambda() ? image : image(other);
        return new Installation(
                name, region, account, other, its, network, key, repositories, logDays);
    }

    public Installation withKey(String arn) {
        return new Installation(
                name,
                region,
                account,
                size,
                image,
                network,
                Optional.of(arn),
                repositories,
                logDays);
    }

    /**
     * With these repositories of ECR in place of any others.
     *
     * @param words each the name of one in this account and region, or the ARN of any
     * @throws IllegalArgumentException when one is neither
     */
    public Installation withRepositories(List<String> words) {
        return new Installation(
                name,
                region,
                account,
                size,
                image,
                network,
                key,
                words.stream().map(this::repository).distinct().toList(),
                logDays);
    }

    private String repository(String word) {
        if (REPOSITORY_ARN.matcher(word).matches()) {
            return word;
        }
        if (!REPOSITORY.matcher(word).matches()) {
            throw new IllegalArgumentException(
                    "\"%s\" is no repository of ECR: say its name, such as ci/python, or its ARN; each one by itself, since patterns would let in what comes later"
                            .formatted(word));
        }
        return new EcrImage(account, region, word).repositoryArn();
    }

    /** The CodeBuild project. */
    public String project() {
        return "armrunner-" + name;
    }

    /** The role of builds; roles know no regions, so its name has one. */
    public String role() {
        return "armrunner-" + name + "-build-" + region;
    }

    public String roleArn() {
        return "arn:" + partition() + ":iam::" + account + ":role/" + role();
    }

    /** The bucket; its name is unique in the world. */
    public String bucket() {
        return "armrunner-" + name + "-" + account + "-" + region;
    }

    /** The group in CloudWatch for what a build says before the agent runs. */
    public String logGroup() {
        return "/armrunner/" + name + "/boot";
    }

    String partition() {
        return AwsPlace.partition(region);
    }

    /** A placeholder's value; see {@code Documents}. */
    String value(String placeholder) {
        return switch (placeholder) {
            case "name" -> name;
            case "region" -> region;
            case "account" -> account;
            case "partition" -> partition();
            case "key" -> key.orElse("");
            // Between the quotation marks of one text.
            case "repositories" -> String.join("\",\"", repositories);
            default -> throw new IllegalArgumentException("no placeholder " + placeholder);
        };
    }
}
