package io.armrunner.manager;

import io.armrunner.lane.Environment;
import io.armrunner.lane.EnvironmentLane;
import io.armrunner.plan.JobPlan;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** A lane for runners whose jobs never come; as fit as a test says. */
final class NoLane implements EnvironmentLane {
    private final String name;
    private volatile Optional<String> unfit = Optional.empty();
    private volatile Optional<Duration> longest = Optional.empty();

    NoLane(String name) {
        this.name = name;
    }

    void longest(Duration time) {
        longest = Optional.of(time);
    }

    void unfit(Optional<String> why) {
        unfit = why;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Optional<String> unfit() {
        return unfit;
    }

    @Override
    public Optional<Duration> longest() {
        return longest;
    }

    @Override
    public Path buildsRoot() {
        return Path.of("/nonexistent/builds");
    }

    @Override
    public Path cacheRoot() {
        return Path.of("/nonexistent/cache");
    }

    @Override
    public boolean isDisposable() {
        return true;
    }

    @Override
    public Environment open(JobPlan plan, Path directory) {
        throw new UnsupportedOperationException("no job comes");
    }
}
