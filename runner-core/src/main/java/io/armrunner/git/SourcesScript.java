package io.armrunner.git;

import io.armrunner.plan.JobPlan;
import io.armrunner.spec.JobFailure;

/** The git part of the bodies of {@code get_sources}, {@code clear_worktree} and the clean-up. */
public final class SourcesScript {
    private SourcesScript() {}

    /**
     * What follows the exports in {@code get_sources}.
     *
     * @param before the hooks that run before anything else, as shell text
     * @param after those that run when the sources are there
     * @throws JobFailure for settings that cannot work
     */
    public static String getSources(JobPlan plan, String before, String after) throws JobFailure {
        return "echo the git part of this stage comes with the next commit >&2; exit 1";
    }

    /** Empties the project directory. */
    public static String clearWorktree(JobPlan plan) {
        return "echo the git part of this stage comes with the next commit >&2; exit 1";
    }

    /** What follows the exports in the clean-up with {@code FF_ENABLE_JOB_CLEANUP}. */
    public static String cleanup(JobPlan plan) {
        return "echo the git part of this stage comes with the next commit >&2; exit 1";
    }

    /**
     * What a user's stage needs to be logged in to git beside the working copy's configuration;
     * mostly nothing.
     */
    public static String credentialsForScripts(JobPlan plan) {
        return "";
    }
}
