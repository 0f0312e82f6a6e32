package io.armrunner.protocol;

import java.io.IOException;

/** Where jobs come from: one runner on one GitLab (runner-protocol §3.1). */
@FunctionalInterface
public interface JobSource {
    /**
     * Asks for a job; may be held by GitLab for about 50 s. Called from any number of threads.
     *
     * @param mayBeHeld whether GitLab may keep the request open until there is a job
     * @throws IOException when no answer came: a network matter, the runner stays healthy
     * @throws InterruptedException when the calling thread was interrupted; the call is cancelled
     */
    JobReply request(boolean mayBeHeld) throws IOException, InterruptedException;
}
