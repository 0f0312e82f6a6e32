package io.armrunner.codebuild.lane;

import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.aws.CuratedImages;
import io.armrunner.codebuild.lane.CodeBuildSettings.Placement;
import io.armrunner.plan.JobPlan;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.Image;
import io.armrunner.spec.JobFailure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What build a job gets. Pure.
 *
 * @param size of the machine
 * @param image what its container is made from
 * @param placement whether that is the job's own image
 * @param timeout of the job
 * @param references variables whose values AWS keeps
 * @param remarks for the job's log
 */
record BuildChoice(
        BuildSize size,
        String image,
        Placement placement,
        Duration timeout,
        List<Reference> references,
        List<String> remarks) {
    private static final String LIMITS =
            "Lambda compute: the build ends after 15 minutes; nobody is root in it, and only /tmp can be written (10 GB)";

    BuildChoice {
        references = List.copyOf(references);
        remarks = List.copyOf(remarks);
    }

    /** Whether the image is not known to have Java 25, as CodeBuild's own have. */
    boolean bringsJava() {
        return !CuratedImages.haveJava(image);
    }

    /**
     * The build for a job.
     *
     * @throws JobFailure if the job asks for something that the lane does not have or allow
     */
    static BuildChoice of(CodeBuildSettings settings, JobPlan plan) throws JobFailure {
        Duration timeout = plan.timeouts().job();
        Duration longest = settings.longest();
        if (timeout.compareTo(longest) > 0) {
            throw refused(
                    "the job's time-out is %d minutes, a CodeBuild build%s can have at most %d; set a shorter timeout"
                            .formatted(
                                    timeout.toMinutes(),
                                    settings.isLambda() ? " on Lambda compute" : "",
                                    longest.toMinutes()));
        }
        if (!plan.payload().services().isEmpty()) {
            throw refused(
                    "services: need containers beside the job, which CodeBuild jobs do not have; use another lane or runner for this job");
        }
        BuildSize size = size(settings, plan.variables().content("ARMRUNNER_SIZE"));
        Placement placement = placement(settings, plan.variables().content("ARMRUNNER_PLACEMENT"));
        String named = plan.variables().content("ARMRUNNER_IMAGE");
        Optional<String> wanted =
                named.isEmpty()
                        ? Optional.ofNullable(plan.payload().image()).map(Image::name)
                        : Optional.of(named);
        List<Reference> references = references(settings, plan);
        if (placement == Placement.HOST) {
            List<String> remarks = new ArrayList<>(limits(size));
            wanted.ifPresent(image ->
                    remarks.add(
                            "image %s is not used: jobs of this lane run in %s"
                                    .formatted(image, settings.image())));
            return new BuildChoice(size, settings.image(), placement, timeout, references, remarks);
        }
        String image = wanted.orElse(settings.image());
        if (!image.equals(settings.image())
                && settings.images().stream().noneMatch(each -> isLike(each, image))) {
            throw refused(
                    "image %s is not among the lane's allowed_images%s"
                            .formatted(image, listed(settings.images())));
        }
        Optional<String> unfit = CuratedImages.unfit(image, size);
        if (unfit.isPresent()) {
            throw refused("image %s %s".formatted(image, unfit.get()));
        }
        return new BuildChoice(size, image, placement, timeout, references, limits(size));
    }

    /** What a job cannot do there, told before it begins. */
    private static List<String> limits(BuildSize size) {
        return size.isLambda() ? List.of(LIMITS) : List.of();
    }

    private static List<Reference> references(CodeBuildSettings settings, JobPlan plan)
            throws JobFailure {
        List<Reference> all =
                new ArrayList<>(
                        Reference.of(
                                Reference.Store.PARAMETERS,
                                settings.parameters(),
                                plan.variables().content(Reference.Store.PARAMETERS.asked),
                                settings.allowedParameters()));
        all.addAll(
                Reference.of(
                        Reference.Store.SECRETS,
                        settings.secrets(),
                        plan.variables().content(Reference.Store.SECRETS.asked),
                        settings.allowedSecrets()));
        return all;
    }

    private static BuildSize size(CodeBuildSettings settings, String word) throws JobFailure {
        if (word.isEmpty()) {
            return settings.size();
        }
        BuildSize size =
                BuildSize.of(word)
                        .orElseThrow(() ->
                                refused(
                                        "ARMRUNNER_SIZE is \"%s\"; there are: %s"
                                                .formatted(word, BuildSize.words())));
        if (size.isLambda() != settings.isLambda()) {
            throw refused(
                    "ARMRUNNER_SIZE %s is a size of %s, and this lane has %s; ARMRUNNER_LANE names another lane"
                            .formatted(
                                    word,
                                    size.isLambda() ? "Lambda compute" : "containers",
                                    settings.isLambda() ? "Lambda compute" : "containers"));
        }
        if (size != settings.size() && !settings.sizes().contains(size)) {
            throw refused(
                    "ARMRUNNER_SIZE %s is not among the lane's allowed_compute%s"
                            .formatted(
                                    word,
                                    listed(
                                            settings.sizes().stream()
                                                    .map(BuildSize::word)
                                                    .toList())));
        }
        return size;
    }

    private static Placement placement(CodeBuildSettings settings, String word) throws JobFailure {
        if (word.isEmpty()) {
            return settings.placement();
        }
        Placement placement =
                Placement.of(word)
                        .orElseThrow(() ->
                                refused(
                                        "ARMRUNNER_PLACEMENT is \"%s\"; there are: host, image"
                                                .formatted(word)));
        if (placement != settings.placement() && !settings.placements().contains(placement)) {
            throw refused(
                    "ARMRUNNER_PLACEMENT %s is not among the lane's allowed_placements%s"
                            .formatted(
                                    word,
                                    listed(
                                            settings.placements().stream()
                                                    .map(Placement::word)
                                                    .toList())));
        }
        return placement;
    }

    private static String listed(List<String> words) {
        return words.isEmpty() ? ", which are none" : ": " + String.join(", ", words);
    }

    private static JobFailure refused(String why) {
        return new JobFailure(FailureReason.RUNNER_CONFIGURATION_ERROR, why);
    }

    /** {@code *} stands for anything but a slash, {@code **} for anything. */
    static boolean isLike(String pattern, String image) {
        return isLike(pattern, 0, image, 0);
    }

    private static boolean isLike(String pattern, int p, String image, int i) {
        if (p == pattern.length()) {
            return i == image.length();
        }
        if (pattern.charAt(p) != '*') {
            return i < image.length()
                    && image.charAt(i) == pattern.charAt(p)
                    && isLike(pattern, p + 1, image, i + 1);
        }
        boolean any = pattern.startsWith("**", p);
        int rest = p + (any ? 2 : 1);
        for (int end = i; end <= image.length(); end++) {
            if (isLike(pattern, rest, image, end)) {
                return true;
            }
            if (end < image.length() && image.charAt(end) == '/' && !any) {
                return false;
            }
        }
        return false;
    }
}
