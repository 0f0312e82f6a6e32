package io.armrunner.codebuild.handover;

import java.nio.file.Path;

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

    /**
     * Where relayed sources are unpacked in a build.
     *
     * @param buildsRoot of the job's place
     */
    public static Path sourcesAt(String buildsRoot) {
        return Path.of(buildsRoot).resolveSibling("sources");
    }

    /** What all of them begin with. */
    public String prefix() {
        return prefix;
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

    /** What the agent says to a manager that relays it, by number from 0. */
    public String message(long number) {
        return "%srelay/%08d".formatted(prefix, number);
    }

    /** The manager's answer to a message. */
    public String answer(long number) {
        return "%sanswer/%08d".formatted(prefix, number);
    }

    /** The file that a message is about: an artifact on its way to or from GitLab. */
    public String file(long number) {
        return "%sfile/%08d".formatted(prefix, number);
    }

    /** What the agent wants to have signed. */
    public String wanted() {
        return prefix + "wanted.json";
    }

    /** What the manager has signed. */
    public String signed() {
        return prefix + "signed.json";
    }

    /** What the agent is to do: {@code cancel}, or {@code over}. */
    public String order() {
        return prefix + "order";
    }

    /** The job's sources, if the agent cannot fetch them. */
    public String sources() {
        return prefix + "sources.zip";
    }

    /** The log of a job whose end GitLab did not take. */
    public String log() {
        return prefix + "log";
    }
}
