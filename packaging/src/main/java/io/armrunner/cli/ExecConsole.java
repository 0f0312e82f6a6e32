package io.armrunner.cli;

import java.io.PrintWriter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Shows the logs of jobs that run side by side: whole lines, each after the name of its job. Called
 * on the threads that serve the runner's requests; its own lock keeps lines whole.
 */
final class ExecConsole {
    /** Longer names are not worth the room they would take from every line. */
    private static final int WIDEST = 32;

    private final PrintWriter out;
    private final Colours colours;
    private final boolean verbose;
    private final Map<String, String> prefixes = new HashMap<>();

    ExecConsole(PrintWriter out, Colours colours, boolean verbose, List<String> names) {
        this.out = out;
        this.colours = colours;
        this.verbose = verbose;
        int width = names.stream().mapToInt(String::length).max().orElse(0);
        for (String name : names) {
            String padded = name + " ".repeat(Math.max(0, Math.min(width, WIDEST) - name.length()));
            prefixes.put(name, colours.ofJob(prefixes.size(), padded) + " | ");
        }
    }

    /** What makes lines out of one run of a job. */
    LogText log(String job) {
        return new LogText(line -> show(job, line));
    }

    /** Shows what the runner said of a job whose script never began. */
    void explain(String job, LogText log) {
        if (!verbose) {
            log.lastOfRunner().forEach(line -> print(job, colours.log(line.text())));
        }
    }

    /** A line of armrunner's own about a job. */
    synchronized void remark(String job, String text) {
        print(job, colours.quiet(text));
    }

    private void show(String job, LogText.Line line) {
        if (!line.ofRunner()) {
            print(job, colours.log(line.text()));
        } else if (verbose) {
            print(job, colours.quiet(Colours.strip(line.text())));
        }
    }

    private synchronized void print(String job, String text) {
        out.print(prefixes.getOrDefault(job, job + " | ") + text + "\n");
        out.flush();
    }
}
