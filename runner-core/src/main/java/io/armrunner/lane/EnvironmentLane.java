package io.armrunner.lane;

import io.armrunner.plan.JobPlan;
import io.armrunner.spec.JobFailure;
import java.io.IOException;
import java.nio.file.Path;

/** A lane whose jobs are run by this process's engine, in an environment of this host. */
public non-sealed interface EnvironmentLane extends Lane {
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
