package io.armrunner.local;

import io.armrunner.lane.Environment;
import io.armrunner.lane.EnvironmentLane;
import io.armrunner.lane.StageScript;
import io.armrunner.plan.JobPlan;
import io.armrunner.spec.JobFailure;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A real lane whose environments fail to be prepared a number of times. */
final class FailingLane implements EnvironmentLane {
    private final EnvironmentLane real;
    private final int failures;
    private final Failure failure;
    private final AtomicInteger tries = new AtomicInteger();

    /** What happens in place of a preparation. */
    @FunctionalInterface
    interface Failure {
        void happen() throws IOException;
    }

    FailingLane(EnvironmentLane real, int failures) {
        this(
                real,
                failures,
                () -> {
                    throw new IOException("no place");
                });
    }

    FailingLane(EnvironmentLane real, int failures, Failure failure) {
        this.real = real;
        this.failures = failures;
        this.failure = failure;
    }

    /** How often an environment was to be prepared. */
    int tries() {
        return tries.get();
    }

    @Override
    public String name() {
        return real.name();
    }

    @Override
    public Path buildsRoot() {
        return real.buildsRoot();
    }

    @Override
    public Path cacheRoot() {
        return real.cacheRoot();
    }

    @Override
    public boolean isDisposable() {
        return real.isDisposable();
    }

    @Override
    public Environment open(JobPlan plan, Path directory)
            throws JobFailure, IOException, InterruptedException {
        Environment environment = real.open(plan, directory);
        return new Environment() {
            @Override
            public List<String> description() {
                return environment.description();
            }

            @Override
            public String exitWord() {
                return environment.exitWord();
            }

            @Override
            public void prepare() throws JobFailure, IOException, InterruptedException {
                if (tries.incrementAndGet() <= failures) {
                    failure.happen();
                }
                environment.prepare();
            }

            @Override
            public Running start(StageScript script)
                    throws JobFailure, IOException, InterruptedException {
                return environment.start(script);
            }

            @Override
            public void delete(List<String> paths) throws IOException {
                environment.delete(paths);
            }

            @Override
            public void close() throws IOException {
                environment.close();
            }
        };
    }
}
