package io.armrunner.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.status.JobEnd;
import io.armrunner.status.JobRecord;
import io.armrunner.status.StateView;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code armrunner jobs}: what a service runs and ran, from its state directory. */
@Command(name = "jobs", description = "Shows the jobs that run and the last hundred that ended.")
final class JobsCommand implements Callable<Integer> {
    private final Surroundings surroundings;
    @Mixin private final StateOptions state = new StateOptions();

    @Option(names = "--json", description = "As JSON, the same as /api/status of the status page.")
    private boolean json;

    JobsCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Exception {
        StateView books = state.books(surroundings);
        PrintWriter out = surroundings.out();
        if (json) {
            out.println(new String(books.json(), StandardCharsets.UTF_8));
            return 0;
        }
        if (!isAlive(books)) {
            surroundings.err().println("The service is not running; this is what its books say.");
        }
        for (JsonNode trouble : books.heading().path("troubles")) {
            surroundings
                    .err()
                    .println(
                            "WARNING: %s: %s"
                                    .formatted(
                                            trouble.path("about").asText(),
                                            trouble.path("what").asText()));
        }
        print(books, surroundings.clock().instant(), out);
        return 0;
    }

    static boolean isAlive(StateView books) {
        return ProcessHandle.of(books.pid()).map(ProcessHandle::isAlive).orElse(false);
    }

    private static void print(StateView books, Instant now, PrintWriter out) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("JOB", "STATE", "DOING", "TIME", "ENDED", "RUNNER", "PROJECT", "NAME"));
        books.running().forEach(job -> rows.add(row(job, now)));
        books.ended().forEach(job -> rows.add(row(job, now)));
        if (rows.size() == 1) {
            out.println("No job runs, and none has ended yet.");
            return;
        }
        ExecTable.aligned(rows).forEach(out::println);
    }

    private static List<String> row(JobRecord job, Instant now) {
        String state = job.end().map(end -> end.result().word()).orElse("running");
        String doing = job.end().map(JobEnd::failureReason).orElse(job.doing());
        String ended = job.end().map(end -> ago(Duration.between(end.at(), now))).orElse("");
        return List.of(
                Long.toString(job.key().job()),
                state,
                doing,
                time(job.took(now)),
                ended,
                plain(job.runnerName()),
                plain(job.projectPath()),
                plain(job.name()));
    }

    /** A name from GitLab must not move a terminal's cursor. */
    private static String plain(String text) {
        StringBuilder plain = new StringBuilder(text.length());
        text.chars()
                .forEach(each -> plain.append(Character.isISOControl(each) ? '?' : (char) each));
        return plain.toString();
    }

    private static String ago(Duration time) {
        return time(time) + " ago";
    }

    private static String time(Duration time) {
        long seconds = Math.max(0, time.toSeconds());
        if (seconds < 60) {
            return seconds + "s";
        }
        if (seconds < 3600) {
            return "%dm%02ds".formatted(seconds / 60, seconds % 60);
        }
        return seconds < 86_400
                ? "%dh%02dm".formatted(seconds / 3600, seconds % 3600 / 60)
                : "%dd%02dh".formatted(seconds / 86_400, seconds % 86_400 / 3600);
    }
}
