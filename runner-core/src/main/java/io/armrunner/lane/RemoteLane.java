package io.armrunner.lane;

import io.armrunner.plan.RunnerSettings;
import io.armrunner.spec.JobFailure;
import java.io.IOException;

/** A lane whose jobs are run by an engine elsewhere, which talks to GitLab itself. */
public non-sealed interface RemoteLane extends Lane {
    /**
     * Where the engine there has its working copies and caches, absolute paths there.
     *
     * @param builds root of the working copies
     * @param cache root of the local caches
     */
    record Roots(String builds, String cache) {}

    /** Where jobs have their files. */
    Roots roots();

    /**
     * Whether the engine there cannot reach GitLab, so that log and end of its jobs come by way of
     * this process: then a handed-over job is {@linkplain RemoteJob#relay relayed} and not
     * released.
     */
    default boolean isRelayed() {
        return false;
    }

    /** A runner's settings as they are for jobs there. */
    RunnerSettings settings(RunnerSettings ofRunner);

    /**
     * Brings one job to its end, or to where it is another engine's for long ({@link
     * RemoteEnd.Parked}). Called on the job's own thread. The job's directory outlives this call
     * and this process: called again with it, this goes on where the call before stopped.
     *
     * @throws JobFailure if the job was never handed over, with what its log is to say
     * @throws IOException likewise, for what nobody expected
     */
    RemoteEnd run(RemoteJob job) throws JobFailure, IOException, InterruptedException;
}
