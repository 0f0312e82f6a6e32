package io.armrunner.ci;

import io.armrunner.spec.Variable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The pipeline that the file makes for one commit. Immutable.
 *
 * @param name {@code workflow:name}, variables filled in; empty when the file gives none
 * @param stages in order, {@code .pre} first and {@code .post} last, only those with a job
 * @param jobs by stage, then in the order of the file
 * @param absent jobs of the file that are not in the pipeline
 * @param notes keywords passed over, for the file as a whole
 * @param git the commit it is for
 * @param options what the user asked for
 * @param variables those all jobs share: predefined, of the file, of {@code workflow:rules}
 */
public record Pipeline(
        String name,
        List<String> stages,
        List<PipelineJob> jobs,
        List<AbsentJob> absent,
        List<String> notes,
        GitContext git,
        PipelineOptions options,
        List<Variable> variables) {
    public Pipeline {
        stages = List.copyOf(stages);
        jobs = List.copyOf(jobs);
        absent = List.copyOf(absent);
        notes = List.copyOf(notes);
        variables = List.copyOf(variables);
    }

    /**
     * A job that the file has and the pipeline has not, and why, as one phrase for {@code exec
     * --list}.
     */
    public record AbsentJob(String name, String stage, String reason) {}

    /** The job of that full name, such as {@code test 2/3}. */
    public Optional<PipelineJob> job(String jobName) {
        return jobs.stream().filter(job -> job.name().equals(jobName)).findFirst();
    }

    /**
     * The pipeline cut down to some jobs.
     *
     * @param names full names, or the name in the file for all instances of a parallel job
     * @param withNeeded also the jobs whose end they wait for, and theirs in turn; otherwise {@code
     *     needs} and {@code dependencies} on jobs left out are dropped
     * @throws IllegalArgumentException for a name that is no job of this pipeline; the message says
     *     why it is absent
     */
    public Pipeline select(Collection<String> names, boolean withNeeded) {
        Set<String> chosen = new LinkedHashSet<>();
        for (String wanted : names) {
            List<String> found =
                    jobs.stream()
                            .filter(job ->
                                    job.name().equals(wanted) || job.baseName().equals(wanted))
                            .map(PipelineJob::name)
                            .toList();
            if (found.isEmpty()) {
                throw new IllegalArgumentException(whyNot(wanted));
            }
            chosen.addAll(found);
        }
        if (withNeeded) {
            addNeeded(chosen);
        }
        List<PipelineJob> kept =
                jobs.stream()
                        .filter(job -> chosen.contains(job.name()))
                        .map(job -> job.amongOnly(chosen))
                        .toList();
        List<String> keptStages =
                stages.stream()
                        .filter(stage -> kept.stream().anyMatch(job -> job.stage().equals(stage)))
                        .toList();
        return new Pipeline(name, keptStages, kept, absent, notes, git, options, variables);
    }

    private void addNeeded(Set<String> chosen) {
        Map<String, PipelineJob> byName = new LinkedHashMap<>();
        jobs.forEach(job -> byName.put(job.name(), job));
        List<String> open = new ArrayList<>(chosen);
        while (!open.isEmpty()) {
            PipelineJob job = byName.get(open.removeLast());
            if (job == null) {
                continue;
            }
            for (String before : waitsFor(job)) {
                if (chosen.add(before)) {
                    open.add(before);
                }
            }
        }
    }

    private List<String> waitsFor(PipelineJob job) {
        if (job.needs().isPresent()) {
            return job.needs().get().stream().map(PipelineJob.Need::job).toList();
        }
        int own = stages.indexOf(job.stage());
        return jobs.stream()
                .filter(other -> stages.indexOf(other.stage()) < own)
                .map(PipelineJob::name)
                .toList();
    }

    private String whyNot(String wanted) {
        for (AbsentJob job : absent) {
            if (job.name().equals(wanted)) {
                return "job " + wanted + " is not in this pipeline: " + job.reason();
            }
        }
        String near = Nearest.of(wanted, jobs.stream().map(PipelineJob::name).toList());
        return "there is no job " + wanted + (near.isEmpty() ? "" : "; did you mean " + near + "?");
    }
}
