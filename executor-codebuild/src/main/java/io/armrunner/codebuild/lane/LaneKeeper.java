package io.armrunner.codebuild.lane;

import io.armrunner.codebuild.aws.AwsFailure;
import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.trace.Bell;
import io.armrunner.trace.Ticker;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * What a lane does for itself, now and then: it reads its quota and ends builds that nobody waits
 * for. Until it has done so once the lane takes no jobs, since what an earlier process left there
 * takes up room. One thread of its own, from the first time that somebody asks for the lane.
 */
final class LaneKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LaneKeeper.class);

    private final CodeBuildLane lane;
    private final CodeBuildLane.Books books;
    private final Ticker ticker;
    private final Bell bell = new Bell();
    private final Set<String> looked = new HashSet<>();
    // The keeper's thread.
    private final Map<String, BuildReaper> reapers = new LinkedHashMap<>();
    private @Nullable Thread thread;
    private volatile Optional<String> unready = Optional.of("AWS was not asked yet");
    private volatile boolean closed;

    LaneKeeper(CodeBuildLane lane, CodeBuildLane.Books books, Ticker ticker) {
        this.lane = lane;
        this.books = books;
        this.ticker = ticker;
    }

    /** Why the lane can't take jobs yet; begins the work when it is first called. */
    synchronized Optional<String> unready() {
        if (thread == null && !closed) {
            thread = Thread.ofVirtual().name("lane-" + lane.name()).start(this::run);
        }
        return unready;
    }

    private void run() {
        try {
            while (!closed) {
                boolean all = look();
                Duration pause = all ? lane.times().reaping() : lane.times().longestRetry();
                boolean _ = ticker.await(bell, pause);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** One look at each region; says whether AWS has answered everywhere. */
    private boolean look() {
        boolean all = true;
        for (String name : lane.settings().regions()) {
            all &= look(name);
        }
        // With one region that answers there is somewhere to go.
        if (!looked.isEmpty()) {
            unready = Optional.empty();
        }
        return all;
    }

    private boolean look(String name) {
        RegionLane region = lane.region(name);
        AwsPlace place = region.clients.place();
        try {
            region.granted(lane.settings());
            reapers.computeIfAbsent(name, _ -> new BuildReaper(lane, region, books)).sweep();
            looked.add(name);
            return true;
        } catch (SdkException e) {
            if (closed) {
                return true;
            }
            String why = AwsFailure.describe("look for builds that were left", place, e);
            LOG.warn("builds_not_listed region={} error=\"{}\"", name, why);
            if (AwsFailure.isDenied(e)) {
                // Jobs can do without; the log says what is missing.
                looked.add(name);
                return true;
            }
            unready = Optional.of(why);
            return false;
        }
    }

    @Override
    public void close() {
        Thread running;
        synchronized (this) {
            closed = true;
            running = thread;
        }
        bell.ring();
        if (running != null) {
            running.interrupt();
        }
    }
}
