/**
 * Where jobs run: the SPI between the engine and the executors.
 *
 * <p>An {@link io.armrunner.lane.Environment} is one job's place, made by a lane and closed with
 * the job. What leaves it — output and exit status — goes through something that outlives the
 * manager, so that a manager that was killed finds its jobs again.
 */
@NullMarked
package io.armrunner.lane;

import org.jspecify.annotations.NullMarked;
