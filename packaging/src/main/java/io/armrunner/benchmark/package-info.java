/**
 * What a runner costs, as a whole process: {@code armrunner benchmark}.
 *
 * <p>A {@link io.armrunner.benchmark.Contender} is a command that takes GitLab Runner's {@code
 * config.toml}: ours, and any other beside it. A {@link io.armrunner.benchmark.Rig} starts it as a
 * user would, on a configuration of its own, against the embedded coordinator, and gives it the
 * same jobs; times are taken at the server, memory and CPU from the kernel's books ({@link
 * io.armrunner.benchmark.Footprint}). {@link io.armrunner.benchmark.Rows} says what is measured;
 * {@link io.armrunner.benchmark.Benchmark} lets the contenders take turns, so that whatever else
 * the machine does falls on all of them, and {@link io.armrunner.benchmark.Results} shows the
 * medians and their ratios.
 *
 * <p>Nothing here is loaded by another command.
 */
@NullMarked
package io.armrunner.benchmark;

import org.jspecify.annotations.NullMarked;
