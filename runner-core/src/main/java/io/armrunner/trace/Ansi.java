package io.armrunner.trace;

/** The escape sequences of the runner's own lines (job-semantics §5.1). */
final class Ansi {
    static final String CLEAR = "\u001b[0K";
    static final String RESET = "\u001b[0;m";
    static final String BOLD_GREEN = "\u001b[32;1m";
    static final String BOLD_RED = "\u001b[31;1m";
    static final String BOLD_CYAN = "\u001b[36;1m";
    static final String BOLD_YELLOW = "\u001b[33;1m";
    static final String YELLOW = "\u001b[0;33m";

    private Ansi() {}
}
