package io.armrunner.cli;

import io.armrunner.ci.JobStatus;
import io.armrunner.ci.Pipeline;
import io.armrunner.ci.PipelineJob;
import io.armrunner.ci.PipelineScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The tables of {@code exec}: what there is to run, and what came of it. Static and pure. */
final class ExecTable {
    private ExecTable() {}

    /** What is known of a job besides its status. */
    record Run(Optional<Duration> duration, String failure) {
        static final Run NONE = new Run(Optional.empty(), "");
    }

    /** The results, in the pipeline's order. */
    static List<String> results(
            Pipeline pipeline,
            PipelineScheduler scheduler,
            Map<String, Run> runs,
            Colours colours) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("job", "stage", "status", "time", ""));
        Map<String, String> reasons = scheduler.reasons();
        for (PipelineJob job : pipeline.jobs()) {
            JobStatus status = scheduler.statuses().getOrDefault(job.name(), JobStatus.CREATED);
            Run run = runs.getOrDefault(job.name(), Run.NONE);
            rows.add(
                    List.of(
                            job.name(),
                            job.stage(),
                            word(status),
                            run.duration().map(ExecTable::seconds).orElse(""),
                            remark(status, run, reasons.getOrDefault(job.name(), ""))));
        }
        List<String> lines = aligned(rows);
        List<String> painted = new ArrayList<>();
        painted.add(colours.quiet(lines.getFirst()));
        for (int index = 0; index < pipeline.jobs().size(); index++) {
            String line = lines.get(index + 1);
            painted.add(
                    switch (scheduler
                            .statuses()
                            .getOrDefault(pipeline.jobs().get(index).name(), JobStatus.CREATED)) {
                        case SUCCESS -> colours.good(line);
                        case FAILED -> colours.bad(line);
                        case ALLOWED_FAILURE, CANCELED -> colours.doubtful(line);
                        case CREATED, READY, MANUAL, RUNNING, SKIPPED -> colours.quiet(line);
                    });
        }
        return painted;
    }

    private static String word(JobStatus status) {
        return switch (status) {
            case CREATED -> "waiting";
            case READY -> "pending";
            case MANUAL -> "manual";
            case RUNNING -> "running";
            case SUCCESS -> "success";
            case FAILED, ALLOWED_FAILURE -> "failed";
            case CANCELED -> "canceled";
            case SKIPPED -> "skipped";
        };
    }

    private static String remark(JobStatus status, Run run, String reason) {
        return switch (status) {
            case FAILED -> run.failure();
            case ALLOWED_FAILURE -> run.failure() + ", allowed to fail";
            case MANUAL -> "name it to run it";
            case CREATED, SKIPPED, CANCELED -> reason;
            case READY, RUNNING, SUCCESS -> "";
        };
    }

    /** {@code 0.42 s}, {@code 3 min 5 s}. */
    static String seconds(Duration duration) {
        return duration.toMinutes() > 0
                ? duration.toMinutes() + " min " + duration.toSecondsPart() + " s"
                : String.format(Locale.ROOT, "%.2f s", duration.toMillis() / 1000.0);
    }

    /** The jobs there are, those there are not, and what is passed over. */
    static List<String> jobs(Pipeline pipeline, Colours colours) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("job", "stage", "when", "needs", "why"));
        for (PipelineJob job : pipeline.jobs()) {
            rows.add(
                    List.of(
                            job.name(),
                            job.stage(),
                            when(job),
                            job.needs()
                                    .map(needs ->
                                            needs.isEmpty()
                                                    ? "nothing"
                                                    : String.join(
                                                            ", ",
                                                            needs.stream()
                                                                    .map(PipelineJob.Need::job)
                                                                    .toList()))
                                    .orElse("earlier stages"),
                            job.rule()));
        }
        List<String> lines = new ArrayList<>(aligned(rows));
        lines.set(0, colours.quiet(lines.getFirst()));
        if (!pipeline.absent().isEmpty()) {
            lines.add("");
            lines.add(colours.quiet("not in this pipeline"));
            lines.addAll(
                    aligned(
                            pipeline.absent().stream()
                                    .map(job -> List.of(job.name(), job.stage(), job.reason()))
                                    .toList()));
        }
        return lines;
    }

    private static String when(PipelineJob job) {
        String when =
                switch (job.when()) {
                    case ON_SUCCESS -> "on_success";
                    case ON_FAILURE -> "on_failure";
                    case ALWAYS -> "always";
                    case MANUAL -> "manual";
                    case DELAYED -> "delayed " + seconds(job.startIn());
                };
        return job.allowFailure().always() ? when + ", may fail" : when;
    }

    /** What the file asks for and only GitLab can do, each once. */
    static List<String> notes(Pipeline pipeline) {
        Set<String> notes = new LinkedHashSet<>(pipeline.notes());
        for (PipelineJob job : pipeline.jobs()) {
            job.notes().forEach(note -> notes.add(job.baseName() + ": " + note));
        }
        return List.copyOf(notes);
    }

    static List<String> aligned(List<List<String>> rows) {
        int columns = rows.getFirst().size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int column = 0; column < columns; column++) {
                widths[column] = Math.max(widths[column], row.get(column).length());
            }
        }
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < columns; column++) {
                String cell = row.get(column);
                line.append(cell).append(" ".repeat(widths[column] - cell.length() + 2));
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }
}
