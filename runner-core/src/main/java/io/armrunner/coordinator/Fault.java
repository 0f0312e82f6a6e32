package io.armrunner.coordinator;

import java.time.Duration;
import java.util.Map;

/** One way for a request to go wrong. */
public sealed interface Fault {
    /** This answer, and no effect. */
    record Answer(int status, Map<String, String> headers, String body) implements Fault {
        public Answer {
            headers = Map.copyOf(headers);
        }
    }

    /** The effect, but the connection is cut instead of the answer. */
    record LostAnswer() implements Fault {}

    /** The connection is cut before anything is read of the body. */
    record Cut() implements Fault {}

    /** The usual answer after a while. */
    record Delay(Duration pause) implements Fault {}

    /**
     * The usual answer, but the body of the request is read and that of the answer written in small
     * pieces.
     */
    record Slow(int piece, Duration pause) implements Fault {}

    /** The answer's body breaks off after this many bytes. */
    record BrokenBody(long after) implements Fault {}
}
