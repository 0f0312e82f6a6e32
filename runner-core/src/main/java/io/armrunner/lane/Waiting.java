package io.armrunner.lane;

/** Waits until there is something to do for a job that an engine elsewhere has. */
@FunctionalInterface
public interface Waiting {
    /**
     * Returns when {@link RemoteLane#run} is to be called again. Holds as little as it can while it
     * waits: all that the job needs then is on the disk.
     */
    void await(ParkedJob job) throws InterruptedException;
}
