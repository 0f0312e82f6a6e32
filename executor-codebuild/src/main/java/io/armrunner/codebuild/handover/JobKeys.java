package io.armrunner.codebuild.handover;

/** The names of one build's objects. AWS's policy language knows the same prefix. */
public final class JobKeys {
    /** Where all builds' objects are. */
    public static final String ROOT = "jobs/";

    private final String prefix;

    /**
     * @param buildArn the build's full name
     */
    public JobKeys(String buildArn) {
        prefix = ROOT + buildArn + "/";
    }

    /** The job, for the agent. */
    public String payload() {
        return prefix + "payload.json";
    }

    /** Written once, by who owns the job. */
    public String claim() {
        return prefix + "claim";
    }

    /** How the job ended, for the manager. */
    public String receipt() {
        return prefix + "result.json";
    }

    /** The log of a job whose end GitLab did not take. */
    public String log() {
        return prefix + "log";
    }
}
