package io.armrunner.codebuild.lane;

import io.armrunner.codebuild.aws.AwsFailure;
import io.armrunner.codebuild.handover.JobKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.codebuild.model.Build;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Ends builds of this manager that nobody waits for any more, in one region: their job is not in
 * the books, since those were lost or the job ended while AWS did not listen. Builds of other
 * managers are theirs. What has lain in the bucket for long is removed with them. Used by one
 * thread.
 */
final class BuildReaper {
    private static final Logger LOG = LoggerFactory.getLogger(BuildReaper.class);

    /** The longest that a build can live: its own time-out and that of the queue. */
    private static final Duration LIFE = Duration.ofMinutes(2160 + 480 + 30);

    /** No build lives that long, so nobody reads its objects. */
    private static final Duration OBJECTS = Duration.ofDays(2);

    /** A look when the program starts goes back as far as a build can live. */
    private static final int MOST_PAGES = 500;

    /** Later ones see what is new: lists are to be asked for seldom (codebuild budgets). */
    private static final int NEW_PAGES = 2;

    private static final int MOST_IDS = 100;

    private final RegionLane region;
    private final CodeBuildLane lane;
    private final CodeBuildLane.Books books;
    // Builds of ours that lived when they were seen last, and their jobs.
    private final Map<String, Long> living = new LinkedHashMap<>();
    private boolean first = true;

    BuildReaper(CodeBuildLane lane, RegionLane region, CodeBuildLane.Books books) {
        this.lane = lane;
        this.region = region;
        this.books = books;
    }

    /**
     * One look at everything.
     *
     * @throws SdkException if AWS does not answer; the next look sees what this one has not
     */
    void sweep() {
        Instant now = lane.clock().instant();
        recheck();
        walk(now.minus(LIFE), first ? MOST_PAGES : NEW_PAGES);
        first = false;
        clear(now.minus(OBJECTS));
    }

    /** Builds that were well the last time, whose job has left the books since. */
    private void recheck() {
        List<String> doubtful =
                living.entrySet().stream()
                        .filter(entry -> !books.hold(entry.getValue()))
                        .map(Map.Entry::getKey)
                        .toList();
        for (int from = 0; from < doubtful.size(); from += MOST_IDS) {
            List<String> part = doubtful.subList(from, Math.min(doubtful.size(), from + MOST_IDS));
            judge(part);
            living.keySet().removeAll(part);
        }
    }

    private void walk(Instant earliest, int pages) {
        Optional<String> token = Optional.empty();
        for (int page = 0; page < pages; page++) {
            Optional<String> from = token;
            var listed =
                    region.clients
                            .codeBuild()
                            .listBuildsForProject(list -> {
                                list.projectName(lane.settings().project());
                                from.ifPresent(list::nextToken);
                            });
            if (listed.ids().isEmpty() || judge(listed.ids()).isBefore(earliest)) {
                return;
            }
            token = Optional.ofNullable(listed.nextToken());
            if (token.isEmpty()) {
                return;
            }
        }
    }

    /** Looks at builds and stops those that nobody waits for; says when the oldest began. */
    private Instant judge(List<String> ids) {
        Instant oldest = Instant.MAX;
        for (Build build :
                region.clients.codeBuild().batchGetBuilds(get -> get.ids(ids)).builds()) {
            if (build.startTime() != null && build.startTime().isBefore(oldest)) {
                oldest = build.startTime();
            }
            boolean ours = BuildStarter.marker(build, "ARMRUNNER_MANAGER").equals(lane.manager());
            if (!ours || BuildView.of(build).isOver()) {
                continue;
            }
            long job = number(BuildStarter.marker(build, "ARMRUNNER_JOB"));
            if (books.hold(job)) {
                living.put(build.arn(), job);
            } else {
                reap(build, job);
            }
        }
        return oldest;
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException _) {
            // Not one of ours, whatever its other marker says: no books hold it.
            return -1;
        }
    }

    private void reap(Build build, long job) {
        LOG.warn(
                "build_orphaned build={} job={} region={} reason=\"its job is not in the books\"",
                build.arn(),
                job,
                region.name);
        region.clients.codeBuild().stopBuild(stop -> stop.id(build.id()));
        remove(objects(JobKeys.ROOT + build.arn() + "/", Instant.MAX));
    }

    private void clear(Instant before) {
        Set<String> old = objects(JobKeys.ROOT, before);
        if (!old.isEmpty()) {
            LOG.info("objects_removed bucket={} count={}", region.bucket, old.size());
            remove(old);
        }
    }

    private Set<String> objects(String prefix, Instant before) {
        Set<String> found = new LinkedHashSet<>();
        Optional<String> token = Optional.empty();
        do {
            Optional<String> from = token;
            ListObjectsV2Response listed =
                    region.clients
                            .s3()
                            .listObjectsV2(list -> {
                                list.bucket(region.bucket).prefix(prefix);
                                from.ifPresent(list::continuationToken);
                            });
            for (S3Object object : listed.contents()) {
                if (object.lastModified().isBefore(before)) {
                    found.add(object.key());
                }
            }
            token =
                    Boolean.TRUE.equals(listed.isTruncated())
                            ? Optional.ofNullable(listed.nextContinuationToken())
                            : Optional.empty();
        } while (token.isPresent());
        return found;
    }

    private void remove(Set<String> keys) {
        List<String> left = new ArrayList<>(keys);
        for (String key : left) {
            region.clients.s3().deleteObject(delete -> delete.bucket(region.bucket).key(key));
        }
    }

    /** Whether a failed look will fail again whenever it is tried. */
    static boolean isForGood(SdkException failure) {
        return AwsFailure.isDenied(failure);
    }
}
