package io.armrunner.status;

/** What a service is about, in GitLab Runner's words (job-semantics §11.1). */
public enum ProcessState {
    STARTING("starting"),
    RUNNING("running"),
    /** It asks for no more jobs and waits for those that run. */
    GRACEFUL_SHUTDOWN("graceful-shutdown"),
    /** It ends the jobs that run, or leaves them to its successor. */
    FORCEFUL_SHUTDOWN("forceful-shutdown");

    private final String word;

    ProcessState(String word) {
        this.word = word;
    }

    String word() {
        return word;
    }
}
