/**
 * The client's side of GitLab's runner API: one class a call, one retry policy, replies as sealed
 * types.
 *
 * <p>The engine sees GitLab through three small views: {@code JobSource} (asking for jobs), {@link
 * io.armrunner.protocol.JobReports} (log and state of one job) and {@code ArtifactStore}. The
 * commands and the manager use {@link io.armrunner.protocol.RunnersApi} (register, verify, rotate,
 * leave) under the identity of {@link io.armrunner.protocol.SystemId}. What the protocol can say is
 * returned; an {@link java.io.IOException} means that no answer came. Facts: runner-protocol §1–§8.
 */
@NullMarked
package io.armrunner.protocol;

import org.jspecify.annotations.NullMarked;
