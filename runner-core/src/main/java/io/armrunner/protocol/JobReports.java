package io.armrunner.protocol;

import java.io.IOException;

/**
 * The log and the state of one job, as GitLab is told of them (runner-protocol §4 and §5).
 *
 * <p>Bound to one job and its token. Called from the job's own threads only, one call at a time.
 * Each call blocks and passes through the retry layer of §1.8; an {@link IOException} means that no
 * usable answer came, and the caller may repeat the call.
 */
public interface JobReports {
    /**
     * Appends {@code length} bytes of the log, the first of which has the position {@code offset}.
     *
     * @param length more than 0 and at most {@link #MAX_PATCH_BYTES}: an empty patch is never sent
     */
    PatchReply patch(long offset, byte[] bytes, int length)
            throws IOException, InterruptedException;

    /** Tells the job's state. */
    UpdateReply update(JobUpdate update) throws IOException, InterruptedException;

    /** The largest patch: 1 MiB. */
    int MAX_PATCH_BYTES = 1 << 20;
}
