package io.armrunner.manager;

import io.armrunner.config.LaneConfig;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Variable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Which lane takes a job: the first in order that nothing speaks against. Pure: the lanes' states
 * and the job say it all.
 */
final class LaneChoice {
    /** The variable by which a job names its lane. */
    static final String WISH = "ARMRUNNER_LANE";

    private LaneChoice() {}

    /**
     * A lane as it is at this moment.
     *
     * @param capacity how many jobs it takes at once, 0 for no limit
     * @param used how many it has
     * @param unfit why it can't take one now
     */
    record State(
            String name, LaneConfig.Rules rules, int capacity, int used, Optional<String> unfit) {
        boolean hasRoom() {
            return capacity == 0 || used < capacity;
        }
    }

    /**
     * What of a job matters.
     *
     * @param protectedRef whether its branch or tag is protected
     * @param wish the lane it asks for
     * @param timeout how long it may take
     */
    record Wanted(boolean protectedRef, Optional<String> wish, Duration timeout) {
        static Wanted of(JobPayload payload) {
            return new Wanted(
                    // Only the server's own word: a variable of that meaning can be set by anybody
                    // who may change the pipeline's file.
                    Boolean.TRUE.equals(payload.gitInfo().isProtected()),
                    value(payload, WISH),
                    payload.runnerInfo().timeout() > 0
                            ? Duration.ofSeconds(payload.runnerInfo().timeout())
                            : Duration.ofHours(2));
        }

        private static Optional<String> value(JobPayload payload, String name) {
            return payload.variables().stream()
                    .filter(variable -> variable.key().equals(name))
                    .reduce((_, later) -> later)
                    .map(Variable::value)
                    .filter(value -> !value.isBlank());
        }
    }

    /**
     * Why a lane does not take a job.
     *
     * @param forGood whether waiting is of no use
     */
    record Refusal(String lane, String why, boolean forGood) {
        @Override
        public String toString() {
            return lane + " " + why;
        }
    }

    /** What is to be done with a job. */
    sealed interface Choice {
        /** The lane at {@code index} takes it, those before it do not. */
        record Taken(int index, String why) implements Choice {}

        /** Some lane would take it later. */
        record Later(List<Refusal> refusals) implements Choice {}

        /** No lane will ever take it. */
        record Never(List<Refusal> refusals) implements Choice {}
    }

    static Choice choose(List<State> lanes, Wanted job) {
        List<Refusal> refusals = new ArrayList<>();
        for (int i = 0; i < lanes.size(); i++) {
            Optional<Refusal> refusal = refusal(lanes.get(i), job);
            if (refusal.isEmpty()) {
                return new Choice.Taken(i, why(job, refusals));
            }
            refusals.add(refusal.get());
        }
        return refusals.stream().allMatch(Refusal::forGood)
                ? new Choice.Never(refusals)
                : new Choice.Later(refusals);
    }

    private static Optional<Refusal> refusal(State lane, Wanted job) {
        LaneConfig.Rules rules = lane.rules();
        // What will not change comes first: it is what the user can do something about.
        if (job.wish().filter(wish -> !wish.equals(lane.name())).isPresent()) {
            return forGood(lane, "is not the one that " + WISH + " names");
        }
        if (rules.refs() == LaneConfig.Refs.PROTECTED && !job.protectedRef()) {
            return forGood(lane, "takes protected branches and tags only");
        }
        if (rules.maxTimeout().filter(most -> job.timeout().compareTo(most) > 0).isPresent()) {
            return forGood(
                    lane,
                    "takes jobs of up to %s, this one has %s"
                            .formatted(
                                    text(rules.maxTimeout().orElseThrow()), text(job.timeout())));
        }
        if (rules.paused()) {
            return forNow(lane, "is paused");
        }
        if (lane.unfit().isPresent()) {
            return forNow(lane, "is unfit: " + lane.unfit().get());
        }
        if (!lane.hasRoom()) {
            return forNow(lane, "is full: %d of %d".formatted(lane.used(), lane.capacity()));
        }
        return Optional.empty();
    }

    private static Optional<Refusal> forGood(State lane, String why) {
        return Optional.of(new Refusal(lane.name(), why, true));
    }

    private static Optional<Refusal> forNow(State lane, String why) {
        return Optional.of(new Refusal(lane.name(), why, false));
    }

    private static String why(Wanted job, List<Refusal> before) {
        if (job.wish().isPresent()) {
            return WISH + " names it";
        }
        return before.isEmpty() ? "the first in order" : text(before);
    }

    /** The refusals in one line. */
    static String text(List<Refusal> refusals) {
        return refusals.stream().map(Refusal::toString).collect(Collectors.joining("; "));
    }

    private static String text(Duration time) {
        return time.toSecondsPart() != 0
                ? time.toSeconds() + " s"
                : time.toMinutesPart() != 0 ? time.toMinutes() + " min" : time.toHours() + " h";
    }
}
