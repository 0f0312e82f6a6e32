package io.armrunner.codebuild.lane;

import io.armrunner.codebuild.aws.ArmRegions;
import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.aws.CuratedImages;
import io.armrunner.config.Settings;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A {@code codebuild} table with its defaults filled in.
 *
 * @param project the CodeBuild project
 * @param regions where builds start, in order of preference
 * @param bucket the name of the bucket, in which {@code {region}} stands for the region
 * @param machine what kind of processor
 * @param size how large, unless a job says otherwise; with it the lane has Lambda compute or not
 * @param sizes what a job may say, of the same kind; empty for only {@code size}
 * @param image the image without Docker
 * @param images patterns of images that a job may name; empty for none
 * @param placement what a job's {@code image:} does, unless the job says otherwise
 * @param placements what a job may say; empty for only {@code placement}
 * @param queueLimit how long a build may wait for a machine
 * @param startLimit after which time a build that has no machine yet is started in the next region
 * @param kmsKey what objects are encrypted with; empty for the bucket's own
 * @param serviceRole what builds may do, instead of the project's role
 * @param parameters environment variables by names in the Parameter Store
 * @param secrets environment variables by names in the Secrets Manager
 * @param allowedParameters patterns of parameters that a job may ask for; empty for none
 * @param allowedSecrets patterns of secrets that a job may ask for; empty for none
 * @param relay whether builds cannot reach GitLab, and the runner is their line to it
 * @param prices US dollars a minute by size, over the built-in table
 * @param monthlyCap US dollars a month after which no more builds start; 0 for none
 * @param logGroup where AWS keeps what a build says before the agent has its job
 * @param endpoint one address for all of AWS, for a private one
 * @param profile of AWS's own configuration
 */
record CodeBuildSettings(
        String project,
        List<String> regions,
        String bucket,
        Machine machine,
        BuildSize size,
        List<BuildSize> sizes,
        String image,
        List<String> images,
        Placement placement,
        List<Placement> placements,
        Duration queueLimit,
        Duration startLimit,
        Optional<String> kmsKey,
        Optional<String> serviceRole,
        Map<String, String> parameters,
        Map<String, String> secrets,
        List<String> allowedParameters,
        List<String> allowedSecrets,
        boolean relay,
        Map<BuildSize, Double> prices,
        double monthlyCap,
        String logGroup,
        Optional<URI> endpoint,
        Optional<String> profile) {

    /** What kind of processor a build has. */
    enum Machine {
        ARM64("ARM", "aarch64", "aws/codebuild/amazonlinux-aarch64-standard:3.0"),
        AMD64("LINUX", "x86_64", "aws/codebuild/amazonlinux-x86_64-standard:5.0");

        private final String system;
        private final String architecture;
        private final String image;

        Machine(String system, String architecture, String image) {
            this.system = system;
            this.architecture = architecture;
            this.image = image;
        }

        /** CodeBuild's name for it. */
        String environmentType(BuildSize size) {
            return system + (size.isLambda() ? "_LAMBDA_CONTAINER" : "_CONTAINER");
        }

        /** The image of builds when nobody names one. */
        String image(BuildSize size) {
            return size.isLambda() ? CuratedImages.onLambda(architecture) : image;
        }

        /** As {@code uname -m} says it. */
        String architecture() {
            return architecture;
        }

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Where a job's commands run. */
    enum Placement {
        /** In the lane's image. */
        HOST,
        /** In the image that the job names, which takes the place of the lane's. */
        IMAGE;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Optional<Placement> of(String word) {
            for (Placement each : values()) {
                if (each.word().equals(word.toLowerCase(Locale.ROOT))) {
                    return Optional.of(each);
                }
            }
            return Optional.empty();
        }
    }

    /** A build ends after 36 hours; ten minutes of that are the agent's. */
    private static final Duration LONGEST = Duration.ofMinutes(2150);

    /** After a quarter of an hour; in the last minute the agent brings things to their end. */
    private static final Duration LONGEST_ON_LAMBDA = Duration.ofMinutes(14);

    CodeBuildSettings {
        regions = List.copyOf(regions);
        sizes = List.copyOf(sizes);
        images = List.copyOf(images);
        placements = List.copyOf(placements);
        parameters = Map.copyOf(parameters);
        secrets = Map.copyOf(secrets);
        allowedParameters = List.copyOf(allowedParameters);
        allowedSecrets = List.copyOf(allowedSecrets);
        prices = Map.copyOf(prices);
    }

    /** Whether builds run on Lambda compute. */
    boolean isLambda() {
        return size.isLambda();
    }

    /** The longest time-out that a job may have here. */
    Duration longest() {
        return isLambda() ? LONGEST_ON_LAMBDA : LONGEST;
    }

    /** The bucket of a region: CodeBuild reads only from its own. */
    String bucketIn(String region) {
        return bucket.replace("{region}", region);
    }

    /**
     * Reads a table.
     *
     * @throws IllegalArgumentException with the key that can't be used, and why
     */
    static CodeBuildSettings of(Settings table) {
        List<String> regions = new ArrayList<>(table.strings("regions"));
        if (regions.isEmpty()) {
            regions.add(needed(table, "region"));
        }
        Machine machine = machine(table.string("architecture", "arm64"));
        String bucket = needed(table, "bucket");
        if (regions.size() > 1 && !bucket.contains("{region}")) {
            throw new IllegalArgumentException(
                    "bucket must contain {region} when there are several regions: builds read only from a bucket of their own region");
        }
        BuildSize size = size("compute", table.string("compute", "small"));
        List<BuildSize> sizes =
                table.strings("allowed_compute").stream()
                        .map(word -> size("allowed_compute", word))
                        .toList();
        for (BuildSize other : sizes) {
            if (other.isLambda() != size.isLambda()) {
                throw new IllegalArgumentException(
                        "allowed_compute \"%s\" and compute \"%s\" do not go together: a lane has either containers or Lambda compute; make a second lane for the other"
                                .formatted(other.word(), size.word()));
            }
        }
        String image = table.string("image", machine.image(size));
        CuratedImages.unfit(image, size)
                .ifPresent(why -> {
                    throw new IllegalArgumentException("image \"" + image + "\" " + why);
                });
        return new CodeBuildSettings(
                needed(table, "project"),
                inReach(regions, size),
                bucket,
                machine,
                size,
                sizes,
                image,
                table.strings("allowed_images"),
                placement("placement", table.string("placement", "host")),
                table.strings("allowed_placements").stream()
                        .map(word -> placement("allowed_placements", word))
                        .toList(),
                between(
                        table,
                        "queued_timeout",
                        Duration.ofMinutes(30),
                        Duration.ofMinutes(5),
                        Duration.ofHours(8)),
                between(
                        table,
                        "start_timeout",
                        Duration.ofMinutes(2),
                        Duration.ofSeconds(10),
                        Duration.ofHours(8)),
                table.string("kms_key"),
                table.string("service_role"),
                table.stringMap("parameter_store"),
                table.stringMap("secrets_manager"),
                table.strings("allowed_parameters"),
                table.strings("allowed_secrets"),
                table.bool("relay", false),
                prices(table.stringMap("prices")),
                dollars("monthly_cap", table.string("monthly_cap", "0")),
                table.string("log_group").orElseGet(() -> logGroup(needed(table, "project"))),
                table.string("endpoint").map(URI::create),
                table.string("profile"));
    }

    /** Those regions that have such builds at all. */
    private static List<String> inReach(List<String> regions, BuildSize size) {
        if (!size.isLambda()) {
            return regions;
        }
        List<String> with =
                regions.stream().filter(region -> ArmRegions.has(region, size)).toList();
        if (with.isEmpty()) {
            throw new IllegalArgumentException(
                    "compute \"%s\": there is no Lambda compute in %s; the nearest regions that have it are %s"
                            .formatted(
                                    size.word(),
                                    String.join(", ", regions),
                                    String.join(", ", ArmRegions.near(regions.getFirst(), size))));
        }
        return with;
    }

    private static String needed(Settings table, String key) {
        return table.string(key)
                .orElseThrow(() -> new IllegalArgumentException(key + " is missing"));
    }

    /** The group that the set-up makes beside a project. */
    private static String logGroup(String project) {
        String name =
                project.startsWith("armrunner-")
                        ? project.substring("armrunner-".length())
                        : project;
        return "/armrunner/" + name + "/boot";
    }

    private static Machine machine(String word) {
        return switch (word.toLowerCase(Locale.ROOT)) {
            case "arm64", "aarch64" -> Machine.ARM64;
            case "amd64", "x86_64" -> Machine.AMD64;
            default ->
                    throw new IllegalArgumentException(
                            "architecture must be arm64 or amd64, but is \"" + word + "\"");
        };
    }

    private static BuildSize size(String key, String word) {
        return BuildSize.of(word)
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "%s must be one of %s, but is \"%s\""
                                        .formatted(key, BuildSize.words(), word)));
    }

    private static Placement placement(String key, String word) {
        return Placement.of(word)
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "%s must be host or image, but is \"%s\"".formatted(key, word)));
    }

    private static Duration between(
            Settings table, String key, Duration absent, Duration least, Duration most) {
        Duration value = table.duration(key).orElse(absent);
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new IllegalArgumentException(
                    "%s must be between %d s and %d s, but is %d s"
                            .formatted(
                                    key, least.toSeconds(), most.toSeconds(), value.toSeconds()));
        }
        return value;
    }

    private static Map<BuildSize, Double> prices(Map<String, String> table) {
        Map<BuildSize, Double> prices = new LinkedHashMap<>();
        table.forEach((word, price) ->
                prices.put(size("prices", word), dollars("prices." + word, price)));
        return prices;
    }

    private static double dollars(String key, String text) {
        try {
            double value = Double.parseDouble(text);
            if (value >= 0 && value < 1e9) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Told below, as a number out of range is.
        }
        throw new IllegalArgumentException(
                "%s must be an amount of US dollars such as \"0.0034\", but is \"%s\""
                        .formatted(key, text));
    }
}
