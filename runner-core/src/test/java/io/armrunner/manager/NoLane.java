package io.armrunner.manager;

import io.armrunner.lane.Environment;
import io.armrunner.lane.EnvironmentLane;
import io.armrunner.plan.JobPlan;
import java.nio.file.Path;

/** A lane for runners whose jobs never come. */
final class NoLane implements EnvironmentLane {
    @Override
    public String name() {
        return "none";
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
