package io.armrunner.lane;

import io.armrunner.process.JobOutput;
import io.armrunner.process.OutputPipe;
import io.armrunner.process.StageEnd;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * One job's place: where its stages run. Made by a lane for one job, used by that job's thread
 * only, closed once.
 *
 * <p>Order of calls: {@link #prepare}, which may be tried again on a fresh environment if it fails;
 * then {@link #start} and {@link Running#poll} until it says that the stage ended, one stage at a
 * time; then {@link #close}, also after a failure of any of them. For a job whose runner was killed
 * {@link #takeUp} comes in place of {@link #prepare}, and {@link #running} may find its stage.
 */
public interface Environment extends AutoCloseable {
    /** What the log says of the executor, such as {@code Using Shell (bash) executor...}. */
    List<String> description();

    /**
     * Whether a failed script is told as {@code exit code 1} (a container's) or {@code exit status
     * 1} (a shell's).
     */
    String exitWord();

    /**
     * Makes the place ready.
     *
     * @throws JobFailure when trying again is of no use, with the reason
     * @throws IOException for anything else; the caller tries again
     */
    void prepare() throws JobFailure, IOException, InterruptedException;

    /**
     * What another process needs to find the place again, besides the job's directory; one word.
     * Asked for once the place is ready.
     */
    default String handle() {
        return "";
    }

    /** How many stages were started so far; the number of the last of them. */
    default int started() {
        return 0;
    }

    /**
     * Finds the place again that another process has prepared.
     *
     * @param handle what {@link #handle} said there
     * @param started how many stages were started there
     * @param from the first byte of output that is not taken care of
     * @throws JobFailure when it is gone, or of a kind that ends with the process that made it
     */
    default void takeUp(String handle, int started, OutputPipe.Position from)
            throws JobFailure, IOException, InterruptedException {
        throw new JobFailure(
                FailureReason.RUNNER_SYSTEM_FAILURE,
                "the runner was restarted, and jobs of this executor end with it");
    }

    /**
     * The last stage that was started before {@link #takeUp}, running or ended by itself since.
     *
     * @return empty when it was about to be started, which it never will be
     */
    default Optional<Running> running() throws IOException, InterruptedException {
        return Optional.empty();
    }

    /** Starts a stage; the one before has ended. */
    Running start(StageScript script) throws JobFailure, IOException, InterruptedException;

    /**
     * Deletes a file or a whole directory of the job, as the job's user could; missing ones are
     * passed over.
     */
    void delete(List<String> paths) throws IOException;

    /**
     * Removes what the environment needs besides the job's own files; within 30 s, whatever has
     * happened before.
     */
    @Override
    void close() throws IOException;

    /** A stage that runs. */
    interface Running {
        /**
         * Passes on what the stage has printed since the last call.
         *
         * @param limit the longest wait when there is nothing
         * @return how it ended, once it has and all output was passed on; empty while it runs
         */
        Optional<StageEnd> poll(JobOutput output, Duration limit)
                throws IOException, InterruptedException;

        /**
         * Whether the stage's shell has ended, be it that not all of its output was passed on yet.
         */
        default boolean isOver() throws IOException {
            return false;
        }

        /** The output before this place is taken care of: no need to keep it. */
        default void release(OutputPipe.Position done) throws IOException {}

        /** Asks all processes of the stage to end. Returns at once; {@link #poll} goes on. */
        void terminate() throws IOException, InterruptedException;

        /** Ends all processes of the stage. Returns at once; {@link #poll} goes on. */
        void kill() throws IOException, InterruptedException;
    }
}
