/**
 * A stage's processes, and what leaves them: output and exit status, by something that outlives the
 * manager.
 *
 * <p>A job writes both of its streams into one FIFO in the job's own directory, so lines keep the
 * order in which they were written, and a script may reopen {@code /dev/stderr}, which a plain file
 * would truncate. A collector that belongs to the job, not to the manager, moves the FIFO's bytes
 * into a few small segment files and waits when nobody takes them: {@link
 * io.armrunner.process.OutputPipe}. Each stage is started by a leader in a session of its own,
 * which writes the exit status behind the last byte of output: {@link
 * io.armrunner.process.StageProcess}. When the manager is killed, the job runs on, blocks once the
 * segments are full, and loses nothing; why not a file, a bare FIFO or {@code split} stands in
 * {@code docs/decisions/0003-job-output.md}.
 */
@NullMarked
package io.armrunner.process;

import org.jspecify.annotations.NullMarked;
