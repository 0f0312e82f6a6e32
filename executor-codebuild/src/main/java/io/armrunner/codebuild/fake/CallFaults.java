package io.armrunner.codebuild.fake;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What is to go wrong with calls: {@code faults.on("codebuild:StartBuild").times(2).throttle()}.
 *
 * <p>Of several rules that fit the oldest that is not used up decides. Thread-safe.
 */
public final class CallFaults {
    /** What happens instead of, or around, the usual. */
    sealed interface Fault {
        /** An error, without the effect. */
        record Refuse(int status, String code, String message) implements Fault {}

        /** The connection breaks before the effect. */
        record Cut() implements Fault {}

        /** The effect takes place, and the answer is lost. */
        record LoseAnswer() implements Fault {}

        /** The effect takes place, and the answer is this. */
        record Garble(int status, String body) implements Fault {}

        /** As usual, but later. */
        record Delay(Duration time) implements Fault {}
    }

    private final List<Rule> rules = new ArrayList<>();

    CallFaults() {}

    /**
     * Starts a rule; nothing happens before one of its closing methods is called.
     *
     * @param call {@code service:Operation}, with {@code *} for any part
     */
    public Rule on(String call) {
        return new Rule(call);
    }

    /** Forgets all rules. */
    public synchronized void clear() {
        rules.clear();
    }

    synchronized Optional<Fault> next(String call) {
        for (Rule rule : rules) {
            if (Policy.isLike(rule.call, call) && rule.left > 0) {
                if (rule.skip > 0) {
                    rule.skip--;
                } else {
                    rule.left--;
                    return rule.fault;
                }
            }
        }
        return Optional.empty();
    }

    private synchronized void add(Rule rule) {
        rules.add(rule);
    }

    /** One rule in the making. Once for one call, unless told otherwise. */
    public final class Rule {
        private final String call;
        private long skip;
        private long left = 1;
        private Optional<Fault> fault = Optional.empty();

        private Rule(String call) {
            this.call = call;
        }

        /** Lets this many calls through first. */
        public Rule skip(int calls) {
            skip = calls;
            return this;
        }

        /** How many calls it hits. */
        public Rule times(int calls) {
            left = calls;
            return this;
        }

        /** Hits every call from now on. */
        public Rule always() {
            left = Long.MAX_VALUE;
            return this;
        }

        /** {@code ThrottlingException}, as AWS says it. */
        public void throttle() {
            refuse(400, "ThrottlingException", "Rate exceeded");
        }

        /** An error of the service itself, without the effect. */
        public void serverError() {
            refuse(500, "InternalFailure", "The request processing has failed");
        }

        /** Any error, without the effect. */
        public void refuse(int status, String code, String message) {
            close(new Fault.Refuse(status, code, message));
        }

        /** Breaks the connection off before the effect. */
        public void cut() {
            close(new Fault.Cut());
        }

        /** Breaks the connection off after the effect. */
        public void loseAnswer() {
            close(new Fault.LoseAnswer());
        }

        /** Answers with this after the effect: an empty object, half of one, an error. */
        public void garble(int status, String body) {
            close(new Fault.Garble(status, body));
        }

        /** Answers as usual, but later. */
        public void delay(Duration time) {
            close(new Fault.Delay(time));
        }

        private void close(Fault what) {
            fault = Optional.of(what);
            add(this);
        }
    }
}
