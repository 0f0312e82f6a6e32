package io.armrunner.coordinator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The faults that a coordinator is to show: {@code
 * faults.on(Endpoint.TRACE).skip(1).times(2).answer(500)}.
 *
 * <p>Each rule counts the requests it fits; of several that fit the oldest that is not used up
 * decides. Thread-safe.
 */
public final class Faults {
    private final List<Rule> rules = new ArrayList<>();
    private int cutEvery;
    private long seen;

    Faults() {}

    /**
     * Starts a rule for the requests of an endpoint; nothing happens before one of its closing
     * methods is called.
     */
    public Rule on(Endpoint endpoint) {
        return new Rule(endpoint);
    }

    /** Cuts every {@code n}-th request, whatever it is for; 0 ends that. */
    public synchronized void cutEvery(int n) {
        cutEvery = n;
        seen = 0;
    }

    /** Forgets all rules. */
    public synchronized void clear() {
        rules.clear();
        cutEvery = 0;
    }

    /**
     * The fault for a request that just came in, if it is to have one. {@code jobId} is empty for
     * calls on no job.
     */
    synchronized Optional<Fault> next(Endpoint endpoint, OptionalLong jobId) {
        seen++;
        if (cutEvery > 0 && seen % cutEvery == 0) {
            return Optional.of(new Fault.Cut());
        }
        for (Rule rule : rules) {
            if (rule.fits(endpoint, jobId)) {
                Optional<Fault> fault = rule.take();
                if (fault.isPresent()) {
                    return fault;
                }
            }
        }
        return Optional.empty();
    }

    private synchronized void add(Rule rule) {
        rules.add(rule);
    }

    /** One rule in the making. Once for one request, unless told otherwise. */
    public final class Rule {
        private final Endpoint endpoint;
        private OptionalLong job = OptionalLong.empty();
        private long skip;
        private long left = 1;
        private Optional<Fault> fault = Optional.empty();

        private Rule(Endpoint endpoint) {
            this.endpoint = endpoint;
        }

        /** Only for calls on this job. */
        public Rule of(CoordinatorJob only) {
            job = OptionalLong.of(only.id());
            return this;
        }

        /** Lets this many requests through first. */
        public Rule skip(int requests) {
            skip = requests;
            return this;
        }

        /** How many requests it hits. */
        public Rule times(int requests) {
            left = requests;
            return this;
        }

        /** Hits every request from now on. */
        public Rule always() {
            left = Long.MAX_VALUE;
            return this;
        }

        /** Answers with this status instead of the effect. */
        public void answer(int status) {
            answer(status, Map.of());
        }

        /** Answers with this status and these headers instead of the effect. */
        public void answer(int status, Map<String, String> headers) {
            answer(status, headers, "{\"message\":\"" + status + " as ordered\"}");
        }

        /** Answers with exactly this instead of the effect. */
        public void answer(int status, Map<String, String> headers, String body) {
            close(new Fault.Answer(status, headers, body));
        }

        /**
         * 202: the log is still being moved, ask again after {@code interval} (runner-protocol
         * §5.2).
         */
        public void notYetComplete(Duration interval) {
            answer(
                    202,
                    Map.of("X-GitLab-Trace-Update-Interval", Long.toString(interval.toSeconds())),
                    "202");
        }

        /** 429 with {@code Retry-After} in seconds (runner-protocol §8). */
        public void tooManyRequests(Duration retryAfter) {
            answer(429, Map.of("Retry-After", Long.toString(retryAfter.toSeconds())));
        }

        /** 416 that claims this length of the stored log (runner-protocol §4.2). */
        public void rangeNotSatisfiable(long length) {
            answer(416, Map.of("Range", "0-" + length));
        }

        /** Does the work, then cuts the connection instead of answering. */
        public void loseAnswer() {
            close(new Fault.LostAnswer());
        }

        /** Cuts the connection and does nothing. */
        public void cut() {
            close(new Fault.Cut());
        }

        /** Answers as usual, but later. */
        public void delay(Duration pause) {
            close(new Fault.Delay(pause));
        }

        /** Reads and writes bodies in pieces of {@code piece} bytes with a pause before each. */
        public void slow(int piece, Duration pause) {
            close(new Fault.Slow(piece, pause));
        }

        /** Cuts the connection when {@code after} bytes of the answer's body are out. */
        public void breakBody(long after) {
            close(new Fault.BrokenBody(after));
        }

        private void close(Fault ordered) {
            fault = Optional.of(ordered);
            add(this);
        }

        private boolean fits(Endpoint asked, OptionalLong jobId) {
            return endpoint == asked && (job.isEmpty() || job.equals(jobId));
        }

        private Optional<Fault> take() {
            if (left == 0) {
                return Optional.empty();
            }
            if (skip > 0) {
                skip--;
                return Optional.empty();
            }
            if (left != Long.MAX_VALUE) {
                left--;
            }
            return fault;
        }
    }
}
