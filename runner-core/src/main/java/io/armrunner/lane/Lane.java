package io.armrunner.lane;

import io.armrunner.plan.JobPlan;
import io.armrunner.spec.JobFailure;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A place where jobs of a runner can run, with a capacity. One for each runner that uses it; all
 * methods are safe for any number of threads.
 */
public interface Lane {
    /** What operators and the log call it, such as {@code shell}. */
    String name();

    /** Root of the working copies, absolute. */
    Path buildsRoot();

    /** Root of the local caches, absolute. */
    Path cacheRoot();

    /** Whether the place ends with the job, or is the host that others use as well. */
    boolean isDisposable();

    /**
     * A fresh environment for one job, not yet prepared; {@code directory} is the job's own, 0700.
     */
    Environment open(JobPlan plan, Path directory)
            throws JobFailure, IOException, InterruptedException;
}
