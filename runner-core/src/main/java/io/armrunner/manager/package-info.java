/**
 * The long-running part: asks GitLab for jobs, gives each a slot and a place, keeps the books.
 *
 * <p>{@link io.armrunner.manager.Manager} owns it all. Each runner has its own {@code Poller},
 * which asks only while a slot is reserved for the answer ({@code Slots}): an accepted job can't be
 * given back. {@code LaneBoard} knows the runner's lanes and who has room, {@code LaneChoice} says
 * which one takes a job. A {@code JobRun} is one job on its own virtual thread, with its entry in
 * the {@code Journal}, which is written before anything is done for the job and goes when GitLab
 * has the result. {@code RunnerHealth} stops asking with a token that GitLab refuses, {@code
 * RequestConcurrency} says how many requests may be open at once.
 */
@NullMarked
package io.armrunner.manager;

import org.jspecify.annotations.NullMarked;
