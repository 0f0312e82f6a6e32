/**
 * The job as GitLab hands it out: records with the wire's names and nothing else.
 *
 * <p>{@link io.armrunner.spec.JobPayload} is the body of a {@code 201} to {@code POST
 * /jobs/request}. GitLab leaves keys out, sends {@code null} for any of them and adds new ones with
 * each release, so every record here turns an absent value into the empty one and ignores what it
 * does not know; whoever reads a record never meets {@code null}. Values that must not be seen have
 * the type {@link io.armrunner.spec.Secret}, or a {@code toString} that hides them.
 */
@NullMarked
package io.armrunner.spec;

import org.jspecify.annotations.NullMarked;
