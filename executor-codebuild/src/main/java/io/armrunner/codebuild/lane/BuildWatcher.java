package io.armrunner.codebuild.lane;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.trace.Bell;
import io.armrunner.trace.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.codebuild.model.BatchGetBuildsResponse;
import software.amazon.awssdk.services.codebuild.model.Build;

/**
 * Looks at the builds of one region, a hundred a call: at those that have just begun every tick, at
 * the others when they have not been seen for a sweep. At most two calls a tick while there are up
 * to a hundred young ones, so a thousand builds cost one call a second. One thread of its own,
 * while there is something to watch.
 */
final class BuildWatcher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BuildWatcher.class);
    private static final int MOST_IDS = 100;

    private final AwsClients clients;
    private final String region;
    private final LaneTimes times;
    private final Ticker ticker;
    private final Object lock = new Object();
    // Guarded by the lock.
    private final Map<String, Watch> watches = new HashMap<>();
    private @Nullable Thread thread;
    private boolean closed;
    private boolean failing;

    BuildWatcher(AwsClients clients, String region, LaneTimes times, Ticker ticker) {
        this.clients = clients;
        this.region = region;
        this.times = times;
        this.ticker = ticker;
    }

    /** One build that somebody watches; closing it ends that. */
    final class Watch implements AutoCloseable {
        private final String arn;
        private final Duration since = ticker.now();
        private volatile Optional<BuildView> latest = Optional.empty();
        private volatile boolean settled;
        private volatile boolean handed;
        // Written by the watcher's thread.
        private volatile Duration seen = Duration.ZERO;
        private volatile Optional<Duration> missing = Optional.empty();

        private Watch(String arn) {
            this.arn = arn;
        }

        String arn() {
            return arn;
        }

        /** What was seen last. */
        Optional<BuildView> latest() {
            return latest;
        }

        /** Its job is in the bucket, or was. */
        void handed() {
            handed = true;
        }

        boolean isHanded() {
            return handed;
        }

        /** Its agent has begun: from now on a look now and then is enough. */
        void settled() {
            settled = true;
        }

        /** For how long CodeBuild has not known it. */
        Duration missing() {
            return missing.map(from -> ticker.now().minus(from)).orElse(Duration.ZERO);
        }

        /** For how long it is watched. */
        Duration age() {
            return ticker.now().minus(since);
        }

        /** How long it was watched when it was seen last. */
        Duration seenAt() {
            return seen.minus(since);
        }

        @Override
        public void close() {
            synchronized (lock) {
                watches.remove(arn, this);
            }
        }
    }

    /** How many builds are watched. */
    int size() {
        synchronized (lock) {
            return watches.size();
        }
    }

    /** Begins to watch a build, or goes on with one that is still watched. */
    Watch watch(String arn) {
        synchronized (lock) {
            if (closed) {
                throw new IllegalStateException("the lane is closed");
            }
            Watch watch = watches.computeIfAbsent(arn, Watch::new);
            if (thread == null) {
                thread = Thread.ofVirtual().name("builds-" + region).start(this::run);
            }
            return watch;
        }
    }

    private void run() {
        try {
            while (goesOn()) {
                look(young());
                look(due());
                ticker.await(new Bell(), times.tick());
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean goesOn() {
        synchronized (lock) {
            if (closed || watches.isEmpty()) {
                thread = null;
                return false;
            }
            return true;
        }
    }

    private List<Watch> young() {
        synchronized (lock) {
            return watches.values().stream().filter(watch -> !watch.settled).toList();
        }
    }

    /** Those that were not seen for longest; no more than one call takes. */
    private List<Watch> due() {
        Duration now = ticker.now();
        synchronized (lock) {
            return watches.values().stream()
                    .filter(watch -> watch.settled)
                    .filter(watch -> now.minus(watch.seen).compareTo(times.sweep()) >= 0)
                    .sorted(Comparator.comparing((Watch watch) -> watch.seen))
                    .limit(MOST_IDS)
                    .toList();
        }
    }

    private void look(List<Watch> wanted) {
        for (int from = 0; from < wanted.size(); from += MOST_IDS) {
            List<Watch> part = wanted.subList(from, Math.min(wanted.size(), from + MOST_IDS));
            try {
                seen(
                        part,
                        clients.codeBuild()
                                .batchGetBuilds(get ->
                                        get.ids(part.stream().map(watch -> watch.arn).toList())));
                if (failing) {
                    LOG.info("builds_seen_again region={}", region);
                    failing = false;
                }
            } catch (SdkException e) {
                if (!failing) {
                    LOG.warn(
                            "builds_not_seen region={} error=\"{}\" hint=\"jobs go on; their ends are seen later\"",
                            region,
                            e.getMessage());
                    failing = true;
                }
            }
        }
    }

    private void seen(List<Watch> part, BatchGetBuildsResponse response) {
        Duration now = ticker.now();
        Map<String, Build> found = new HashMap<>();
        response.builds().forEach(build -> found.put(build.arn(), build));
        List<Watch> missing = new ArrayList<>(part);
        for (Watch watch : part) {
            Build build = found.get(watch.arn);
            if (build != null) {
                BuildView view = BuildView.of(build);
                // Of a build that runs for hours only its state is of use.
                watch.latest =
                        Optional.of(watch.settled && !view.isOver() ? view.brief(watch.arn) : view);
                watch.missing = Optional.empty();
                missing.remove(watch);
            }
            watch.seen = now;
        }
        for (Watch watch : missing) {
            if (watch.missing.isEmpty()) {
                watch.missing = Optional.of(now);
            }
        }
    }

    @Override
    public void close() {
        Thread running;
        synchronized (lock) {
            closed = true;
            watches.clear();
            running = thread;
        }
        if (running != null) {
            running.interrupt();
        }
    }
}
