package io.armrunner.ci;

import io.armrunner.ci.JobMaker.Made;
import io.armrunner.ci.Pipeline.AbsentJob;
import io.armrunner.ci.PipelineJob.Need;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Turns the names in {@code needs} and {@code dependencies} into jobs of the pipeline. */
final class Needs {
    private final List<Made> made;
    private final List<AbsentJob> absent;
    private final List<String> stages;
    private final Problems problems;
    private final Map<String, JobDraft> drafts = new LinkedHashMap<>();
    private final Map<String, Made> byName = new LinkedHashMap<>();
    private final Map<String, List<Made>> byBase = new LinkedHashMap<>();

    Needs(
            List<Made> made,
            List<JobDraft> drafts,
            List<AbsentJob> absent,
            List<String> stages,
            Problems problems) {
        this.made = made;
        this.absent = absent;
        this.stages = stages;
        this.problems = problems;
        drafts.forEach(draft -> this.drafts.put(draft.name(), draft));
        for (Made job : made) {
            byName.put(job.job().name(), job);
            byBase.computeIfAbsent(job.draft().name(), base -> new ArrayList<>()).add(job);
        }
    }

    List<PipelineJob> resolve() {
        List<PipelineJob> jobs = new ArrayList<>(made.size());
        for (Made job : made) {
            Optional<List<Need>> needs = job.needs().map(specs -> needs(job, specs));
            jobs.add(job.job().after(needs, dependencies(job, needs)));
        }
        circles(jobs);
        return jobs;
    }

    private List<Need> needs(Made job, List<NeedSpec> specs) {
        Map<String, Need> needs = new LinkedHashMap<>();
        for (NeedSpec spec : specs) {
            List<Made> found = find(spec);
            if (found.isEmpty()) {
                missing(job, spec);
            }
            for (Made other : found) {
                if (stages.indexOf(other.job().stage()) > stages.indexOf(job.job().stage())) {
                    problems.add(
                            spec.at(),
                            "job "
                                    + job.draft().name()
                                    + " needs "
                                    + spec.job()
                                    + ", which is of the later stage "
                                    + other.job().stage());
                }
                needs.put(other.job().name(), new Need(other.job().name(), spec.artifacts()));
            }
        }
        return List.copyOf(needs.values());
    }

    private List<Made> find(NeedSpec spec) {
        Made exact = byName.get(spec.job());
        if (exact != null) {
            return List.of(exact);
        }
        return byBase.getOrDefault(spec.job(), List.of()).stream()
                .filter(other -> chosen(spec, other.variant()))
                .toList();
    }

    private static boolean chosen(NeedSpec spec, Map<String, String> variant) {
        return spec.matrix().isEmpty()
                || spec.matrix().stream()
                        .anyMatch(entry ->
                                entry.entrySet().stream()
                                        .allMatch(wanted -> {
                                            String value = variant.get(wanted.getKey());
                                            return value != null
                                                    && wanted.getValue().contains(value);
                                        }));
    }

    private void missing(Made job, NeedSpec spec) {
        JobDraft draft = drafts.get(spec.job());
        if (spec.optional() || (draft != null && draft.trigger())) {
            return;
        }
        String start = "job " + job.draft().name() + " needs " + spec.job() + ", ";
        Optional<AbsentJob> why =
                absent.stream().filter(other -> other.name().equals(spec.job())).findFirst();
        if (why.isPresent()) {
            problems.add(
                    spec.at(),
                    start
                            + "which is not in this pipeline: "
                            + why.get().reason()
                            + " (optional: true allows that)");
        } else if (draft != null) {
            problems.add(spec.at(), start + "of which no instance is in this pipeline");
        } else {
            String near = Nearest.of(spec.job(), drafts.keySet());
            problems.add(
                    spec.at(),
                    start
                            + "which is no job"
                            + (near.isEmpty() ? "" : "; did you mean " + near + "?"));
        }
    }

    private List<String> dependencies(Made job, Optional<List<Need>> needs) {
        List<String> offered = new ArrayList<>();
        if (needs.isPresent()) {
            needs.get().stream().filter(Need::artifacts).map(Need::job).forEach(offered::add);
        } else {
            int own = stages.indexOf(job.job().stage());
            for (Made other : made) {
                if (stages.indexOf(other.job().stage()) < own) {
                    offered.add(other.job().name());
                }
            }
        }
        if (job.draft().dependencies().isPresent()) {
            offered.retainAll(named(job, job.draft().dependencies().get(), offered));
        }
        offered.removeIf(name -> !makesArtifacts(name));
        return offered;
    }

    private boolean makesArtifacts(String name) {
        Made job = byName.get(name);
        return job != null && !job.job().artifacts().isEmpty();
    }

    private Set<String> named(Made job, List<NeedSpec> specs, List<String> offered) {
        Set<String> names = new LinkedHashSet<>();
        for (NeedSpec spec : specs) {
            List<Made> found = find(spec);
            if (found.isEmpty() && !drafts.containsKey(spec.job())) {
                String near = Nearest.of(spec.job(), drafts.keySet());
                problems.add(
                        spec.at(),
                        "dependencies of "
                                + job.draft().name()
                                + ": "
                                + spec.job()
                                + " is no job"
                                + (near.isEmpty() ? "" : "; did you mean " + near + "?"));
            }
            for (Made other : found) {
                if (!offered.contains(other.job().name())) {
                    problems.add(
                            spec.at(),
                            "dependencies of "
                                    + job.draft().name()
                                    + ": "
                                    + spec.job()
                                    + (job.needs().isPresent()
                                            ? " is not among its needs"
                                            : " is not of an earlier stage"));
                }
                names.add(other.job().name());
            }
        }
        return names;
    }

    /** Only jobs of one stage can need each other in a circle; each circle is told once. */
    private void circles(List<PipelineJob> jobs) {
        Map<String, PipelineJob> all = new HashMap<>();
        jobs.forEach(job -> all.put(job.name(), job));
        Set<String> done = new LinkedHashSet<>();
        for (PipelineJob job : jobs) {
            walk(job, all, done, new ArrayList<>());
        }
    }

    private void walk(
            PipelineJob job, Map<String, PipelineJob> all, Set<String> done, List<String> path) {
        int start = path.indexOf(job.name());
        if (start >= 0) {
            Made first = byName.get(job.name());
            if (first != null) {
                problems.add(
                        first.draft().at(),
                        "needs go round in a circle: "
                                + String.join(" → ", path.subList(start, path.size()))
                                + " → "
                                + job.name());
            }
            return;
        }
        if (done.contains(job.name())) {
            return;
        }
        path.add(job.name());
        for (Need need : job.needs().orElse(List.of())) {
            PipelineJob other = all.get(need.job());
            if (other != null) {
                walk(other, all, done, path);
            }
        }
        path.removeLast();
        done.add(job.name());
    }
}
