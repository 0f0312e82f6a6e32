/**
 * Where jobs run: the SPI between the engine and the executors.
 *
 * <p>A {@link io.armrunner.lane.Lane} is a place with a name that says whether it can take a job;
 * the manager chooses. An {@link io.armrunner.lane.Environment} is one job's place, made by a lane
 * and closed with the job. What leaves it — output and exit status — goes through something that
 * outlives the manager, so that a manager that was killed finds its jobs again.
 */
@NullMarked
package io.armrunner.lane;

import org.jspecify.annotations.NullMarked;
