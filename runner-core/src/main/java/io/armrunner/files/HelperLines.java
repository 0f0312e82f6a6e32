package io.armrunner.files;

import io.armrunner.trace.JobLog;
import java.util.Map;
import java.util.TreeMap;

/**
 * Lines of the job's log in the form of GitLab Runner's helper tool, which moves artifacts and
 * caches (job-semantics §5.1). Used by the threads of one job; as thread-safe as the log.
 */
public final class HelperLines {
    // The tool pads its messages so that the fields behind them stand in a column.
    private static final int COLUMN = 50;
    private static final String RESET = "\u001b[0;m";
    private static final String YELLOW = "\u001b[0;33m";
    private static final String RED = "\u001b[31;1m";

    private final JobLog log;

    public HelperLines(JobLog log) {
        this.log = log;
    }

    /** The log in which the lines are written. */
    public JobLog log() {
        return log;
    }

    /** Something that was done. */
    public void info(String message) {
        info(message, Map.of());
    }

    /** Something that was done, with fields behind it, sorted by their names. */
    public void info(String message, Map<String, String> fields) {
        line("", "", message, fields);
    }

    /** Something that the stage survives. */
    public void warning(String message) {
        warning(message, Map.of());
    }

    /** Something that the stage survives, with fields behind it. */
    public void warning(String message, Map<String, String> fields) {
        line(YELLOW, "WARNING: ", message, fields);
    }

    /** Something that went wrong. */
    public void error(String message) {
        error(message, Map.of());
    }

    /** Something that went wrong, with fields behind it. */
    public void error(String message, Map<String, String> fields) {
        line(RED, "ERROR: ", message, fields);
    }

    /** The last line of a stage that fails. */
    public void fatal(String message) {
        line(RED, "FATAL: ", message, Map.of());
    }

    private void line(String colour, String level, String message, Map<String, String> fields) {
        StringBuilder line = new StringBuilder(160);
        line.append(colour).append(level).append(message);
        int length = level.length() + message.codePointCount(0, message.length());
        line.repeat(' ', Math.max(0, COLUMN - length)).append(RESET).append(' ');
        new TreeMap<>(fields)
                .forEach((key, value) ->
                        line.append(' ')
                                .append(colour)
                                .append(key)
                                .append(RESET)
                                .append('=')
                                .append(value));
        log.helperLine(line.toString());
    }
}
