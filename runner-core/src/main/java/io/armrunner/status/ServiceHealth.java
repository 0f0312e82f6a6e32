package io.armrunner.status;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is wrong with the service. It is well when a person has nothing to do. Guarded by its own
 * lock; any thread.
 */
public final class ServiceHealth {
    /** A GitLab that restarts is back by then. */
    public static final Duration UNREACHED = Duration.ofMinutes(1);

    /** One job may break something; three in a row say that the place is broken. */
    private static final int BREAKDOWNS = 3;

    /**
     * One thing that is wrong.
     *
     * @param about what it is about, such as {@code gitlab https://gitlab.example.com}
     * @param what one line for a person
     * @param since when it began
     */
    public record Trouble(String about, String what, Instant since) {}

    private final InstantSource clock;
    private final Map<String, Trouble> troubles = new LinkedHashMap<>();

    /** Calls that fail, by runner; red only after a while. */
    private final Map<String, Trouble> unreached = new LinkedHashMap<>();

    private final Map<String, Integer> breakdowns = new LinkedHashMap<>();

    public ServiceHealth(InstantSource clock) {
        this.clock = clock;
    }

    /** Something is wrong from now on, or with an empty text no longer. */
    public synchronized void trouble(String about, Optional<String> what) {
        if (what.isEmpty()) {
            troubles.remove(about);
            return;
        }
        Trouble known = troubles.get(about);
        troubles.put(
                about,
                new Trouble(about, what.get(), known == null ? clock.instant() : known.since()));
    }

    /**
     * A call to GitLab is over.
     *
     * @param status of the last reply, less than 0 when there was none
     */
    synchronized void called(RunnerFacts runner, int status) {
        if (status >= 0 && status < 500) {
            unreached.remove(runner.runner());
            return;
        }
        Trouble known = unreached.get(runner.runner());
        unreached.put(
                runner.runner(),
                new Trouble(
                        "gitlab " + runner.url(),
                        status < 0
                                ? "GitLab does not answer runner " + runner.name()
                                : "GitLab answers runner %s with status %d"
                                        .formatted(runner.name(), status),
                        known == null ? clock.instant() : known.since()));
    }

    /** These are the runners from now on: what was wrong with others counts no more. */
    synchronized void runners(List<RunnerFacts> runners) {
        unreached.keySet().retainAll(runners.stream().map(RunnerFacts::runner).toList());
    }

    /** GitLab's word on a runner's token. */
    synchronized void token(String runner, boolean refused) {
        trouble(
                "token " + runner,
                refused
                        ? Optional.of(
                                "GitLab refuses the token of runner "
                                        + runner
                                        + "; register it again")
                        : Optional.empty());
    }

    /** A job has ended in a lane: some breakdowns in a row are the lane's. */
    synchronized void jobEnded(JobFacts job, JobEnd end) {
        String lane = "lane %s of runner %s".formatted(job.lane(), job.runner().name());
        if (!end.failureReason().equals("runner_system_failure")) {
            breakdowns.remove(lane);
            trouble(lane, Optional.empty());
        } else if (breakdowns.merge(lane, 1, Integer::sum) >= BREAKDOWNS) {
            trouble(
                    lane,
                    Optional.of(
                            "the last %d jobs failed with runner_system_failure; see their logs"
                                    .formatted(breakdowns.get(lane))));
        }
    }

    /** All that is wrong now; empty when the service is well. */
    public synchronized List<Trouble> troubles() {
        List<Trouble> all = new ArrayList<>(troubles.values());
        Instant before = clock.instant().minus(UNREACHED);
        for (Trouble trouble : unreached.values()) {
            if (!trouble.since().isAfter(before)) {
                all.add(trouble);
            }
        }
        return all;
    }
}
