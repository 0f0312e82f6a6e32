package io.armrunner.ci;

import io.armrunner.spec.FailureReason;
import java.util.OptionalInt;

/** How one run of a job ended. */
public sealed interface JobResult {
    /** It did what it should. */
    record Succeeded() implements JobResult {}

    /**
     * It failed; {@code exitCode} is that of the user's script, when the script was what failed.
     */
    record Failed(FailureReason reason, OptionalInt exitCode) implements JobResult {}

    /** Somebody cancelled it. */
    record Canceled() implements JobResult {}
}
