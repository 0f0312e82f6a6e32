package io.armrunner.cli;

import java.io.PrintWriter;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts the signals that are to end a pipeline. Called on the JVM's signal threads. */
final class StopRequests implements Runnable {
    private final AtomicInteger count = new AtomicInteger();
    private final PipelineRun run;
    private final ExecServer server;
    private final PrintWriter err;

    StopRequests(PipelineRun run, ExecServer server, PrintWriter err) {
        this.run = run;
        this.server = server;
        this.err = err;
    }

    @Override
    public void run() {
        switch (count.incrementAndGet()) {
            case 1 -> {
                err.println("armrunner: canceling the jobs; once more ends them at once");
                run.stop(false);
            }
            case 2 -> {
                server.endJobs();
                run.stop(true);
            }
            // Something hangs that should not: leave, whatever is left behind.
            default -> Runtime.getRuntime().halt(1);
        }
    }
}
