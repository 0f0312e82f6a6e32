package io.armrunner.codebuild.lane;

import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import java.time.Duration;
import java.util.Optional;

/**
 * What the end of a build means for a job whose agent left no receipt. Pure.
 *
 * <p>CodeBuild calls a build FAILED whose phase was TIMED_OUT, and one SUCCEEDED in which nothing
 * was done: so the phases are looked at, and no end means success.
 */
final class BuildEnd {
    private BuildEnd() {}

    /** AWS ends builds on Lambda compute after 15 minutes; the clocks need not agree. */
    private static final Duration LAMBDA = Duration.ofMinutes(15).minusSeconds(20);

    /**
     * The same for a build on Lambda compute, of which nobody has told how AWS calls its end after
     * a quarter of an hour: so its time tells.
     */
    static JobFailure onLambda(BuildView build, String project, String region) {
        return build.status().equals("FAILED") && build.lived().compareTo(LAMBDA) >= 0
                ? new JobFailure(
                        FailureReason.JOB_EXECUTION_TIMEOUT,
                        "Lambda compute ended the build after %d minutes (CodeBuild project %s in %s)"
                                .formatted(
                                        build.lived().plusSeconds(20).toMinutes(), project, region))
                : failure(build, project, region);
    }

    /** The failure of the job; {@code project} and {@code region} are for the message. */
    static JobFailure failure(BuildView build, String project, String region) {
        String where = "CodeBuild project %s in %s".formatted(project, region);
        if (build.status().equals("STOPPED")) {
            return system("the build was stopped outside armrunner (" + where + ")");
        }
        Optional<BuildView.Phase> timedOut = first(build, "TIMED_OUT");
        if (timedOut.isPresent() || build.status().equals("TIMED_OUT")) {
            return timedOut.filter(phase -> phase.type().equals("QUEUED")).isPresent()
                    ? system(
                            where
                                    + " had no free machine within queued_timeout; raise the quota of concurrent builds, or queued_timeout")
                    : new JobFailure(
                            FailureReason.JOB_EXECUTION_TIMEOUT,
                            "the build reached CodeBuild's own time-out (" + where + ")");
        }
        Optional<BuildView.Phase> failed = first(build, "FAILED");
        String said = failed.map(BuildEnd::said).orElse("");
        if (failed.filter(phase -> phase.code().equals("BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE"))
                .isPresent()) {
            return new JobFailure(
                    FailureReason.IMAGE_PULL_FAILURE, "the image could not be pulled" + said);
        }
        if (said.contains("found dead")) {
            return system(
                    "the build's container ended by itself: its image has no sh, or the job took all memory"
                            + said
                            + " ("
                            + where
                            + ")");
        }
        String phase = failed.map(BuildView.Phase::type).orElse("");
        return switch (phase) {
            case "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE" ->
                    system("the build failed in its phase " + phase + said + " (" + where + ")");
            default ->
                    build.status().equals("FAULT")
                            ? system("CodeBuild itself failed" + said + " (" + where + ")")
                            : system(
                                    "the build ended (%s) and the agent in it left no result: it was killed, ran out of memory, or could not start%s (%s)"
                                            .formatted(build.status(), said, where));
        };
    }

    /** Whether the same job may well succeed in another build. */
    static boolean isWorthAnother(BuildView build) {
        return build.status().equals("FAULT");
    }

    /**
     * Whether the agent has ended well without having had a job: it waits for two minutes, and the
     * bucket may not have taken the job in that time.
     */
    static boolean isWithoutJob(BuildView build) {
        return build.status().equals("SUCCEEDED");
    }

    private static Optional<BuildView.Phase> first(BuildView build, String status) {
        return build.phases().stream().filter(phase -> phase.status().equals(status)).findFirst();
    }

    private static String said(BuildView.Phase phase) {
        return phase.message().isEmpty() ? "" : ": " + phase.message().strip();
    }

    private static JobFailure system(String why) {
        return new JobFailure(FailureReason.RUNNER_SYSTEM_FAILURE, why);
    }
}
