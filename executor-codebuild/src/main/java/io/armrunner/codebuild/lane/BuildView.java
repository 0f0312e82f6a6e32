package io.armrunner.codebuild.lane;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import software.amazon.awssdk.services.codebuild.model.Build;
import software.amazon.awssdk.services.codebuild.model.BuildPhase;

/**
 * A build as CodeBuild showed it last. Words that CodeBuild may invent later are kept as they are:
 * an unknown state is one that still goes on.
 *
 * @param arn its full name
 * @param status {@code IN_PROGRESS}, {@code SUCCEEDED}, …
 * @param phase the current one
 * @param phases all so far
 * @param logs where its container's output is, if there is any
 */
record BuildView(String arn, String status, String phase, List<Phase> phases, Optional<Logs> logs) {
    /**
     * One phase.
     *
     * @param status how it ended; empty while it goes on
     * @param code what CodeBuild says went wrong, and {@code message}
     */
    record Phase(
            String type,
            String status,
            Optional<Instant> start,
            Optional<Instant> end,
            String code,
            String message) {}

    /** A stream in CloudWatch. */
    record Logs(String group, String stream) {}

    BuildView {
        phases = List.copyOf(phases);
    }

    static BuildView of(Build build) {
        List<Phase> phases =
                build.hasPhases()
                        ? build.phases().stream().map(BuildView::phase).toList()
                        : List.of();
        Optional<Logs> logs =
                build.logs() == null
                                || build.logs().groupName() == null
                                || build.logs().streamName() == null
                        ? Optional.empty()
                        : Optional.of(
                                new Logs(build.logs().groupName(), build.logs().streamName()));
        return new BuildView(
                text(build.arn()),
                text(build.buildStatusAsString()),
                text(build.currentPhase()),
                phases,
                logs);
    }

    /** Without its phases. */
    BuildView brief(String itsArn) {
        return new BuildView(itsArn, status.intern(), phase.intern(), List.of(), Optional.empty());
    }

    private static Phase phase(BuildPhase phase) {
        String code = "";
        String message = "";
        if (phase.hasContexts() && !phase.contexts().isEmpty()) {
            code = text(phase.contexts().getFirst().statusCode());
            message = text(phase.contexts().getFirst().message());
        }
        return new Phase(
                text(phase.phaseTypeAsString()),
                text(phase.phaseStatusAsString()),
                Optional.ofNullable(phase.startTime()),
                Optional.ofNullable(phase.endTime()),
                code,
                message);
    }

    private static String text(String value) {
        return value == null ? "" : value;
    }

    /** Whether it has ended. */
    boolean isOver() {
        return switch (status) {
            case "SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "STOPPED" -> true;
            default -> false;
        };
    }

    /** Whether it still waits for a machine. */
    boolean isQueued() {
        return !isOver()
                && (phase.isEmpty() || phase.equals("SUBMITTED") || phase.equals("QUEUED"));
    }

    /** Whether its container runs, so that the agent may have begun. */
    boolean isUp() {
        return !isQueued() && !phase.equals("PROVISIONING");
    }

    Optional<Phase> phase(String type) {
        return phases.stream().filter(phase -> phase.type().equals(type)).findFirst();
    }

    /** How long it waited for a machine, as far as is known. */
    Duration queued() {
        return phase("QUEUED")
                .filter(phase -> phase.start().isPresent() && phase.end().isPresent())
                .map(phase -> Duration.between(phase.start().get(), phase.end().get()))
                .orElse(Duration.ZERO);
    }

    /** From its machine's coming up to the last that is known of it. */
    Duration lived() {
        return phases.stream()
                .flatMap(phase -> phase.end().or(phase::start).stream())
                .max(Instant::compareTo)
                .map(this::billed)
                .orElse(Duration.ZERO);
    }

    /** What is billed: from the machine's coming up to the end. */
    Duration billed(Instant now) {
        Optional<Instant> begun = phase("PROVISIONING").flatMap(Phase::start);
        if (begun.isEmpty()) {
            return Duration.ZERO;
        }
        Instant end =
                phases.stream()
                        .flatMap(phase -> phase.end().or(phase::start).stream())
                        .max(Instant::compareTo)
                        .filter(_ -> isOver())
                        .orElse(now);
        return Duration.between(begun.get(), end);
    }
}
