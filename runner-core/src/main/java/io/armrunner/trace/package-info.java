/**
 * From a byte that a job or the runner writes to the byte that GitLab has.
 *
 * <p>The engine writes to a {@link io.armrunner.trace.JobLog}. It has two chains, one for the
 * runner's lines (stream 00) and one for the job's output (stream 01), and both run masked phrases,
 * URL parameters, token prefixes, UTF-8 repair and line stamps, in this order, over bytes ({@link
 * io.armrunner.trace.Masks} says what to hide). Whole pieces go to the {@link
 * io.armrunner.trace.TraceLog}: the whole log in a private file, which {@link
 * io.armrunner.trace.LogFile} reads for whoever wants to see it, with checksum, size and output
 * limit of what GitLab gets. The {@link io.armrunner.trace.TraceUploader} reads it there, at
 * GitLab's pace, and at the end says the job's final state until GitLab has it. UTF-8 is repaired
 * after the masks, which compare what the job wrote, and before the stamps, which must not tear a
 * character. Facts: job-semantics §5, runner-protocol §4 and §5.
 */
@NullMarked
package io.armrunner.trace;

import org.jspecify.annotations.NullMarked;
