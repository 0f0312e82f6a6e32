package io.armrunner.ci;

import io.armrunner.ci.Pipeline.AbsentJob;
import io.armrunner.ci.Yaml.Entry;
import io.armrunner.ci.Yaml.Mapping;
import io.armrunner.ci.Yaml.Sequence;
import io.armrunner.spec.Variable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Makes the pipeline of a {@code .gitlab-ci.yml} for one commit. */
public final class PipelineReader {
    private static final List<String> STAGES = List.of("build", "test", "deploy");

    private final Fields fields;
    private final Conditions conditions;
    private final GitContext git;
    private final PipelineOptions options;

    private PipelineReader(ProjectFiles files, GitContext git, PipelineOptions options) {
        this.fields = new Fields(new Problems());
        this.conditions = new Conditions(files, git, options);
        this.git = git;
        this.options = options;
    }

    /**
     * The pipeline of {@code path}; without jobs when {@code workflow:rules} make none, and then
     * each job says so.
     *
     * @throws CiFileException when GitLab would refuse the file, or it needs what only GitLab has;
     *     holds every error
     * @throws IOException when the project's files cannot be read
     */
    public static Pipeline read(
            ProjectFiles files, String path, GitContext git, PipelineOptions options)
            throws CiFileException, IOException {
        PipelineReader reader = new PipelineReader(files, git, options);
        Optional<Mapping> whole = new Includes(files, reader.fields, reader.conditions).load(path);
        if (whole.isEmpty()) {
            reader.fields.problems().check();
        }
        return reader.pipeline(whole.orElseThrow());
    }

    private Pipeline pipeline(Mapping merged) throws CiFileException, IOException {
        Mapping root = Extends.resolve(References.resolve(merged, fields.problems()), fields);
        List<String> stages = stages(root);
        List<Variable> globals = VariableReader.read("variables", root.get("variables"), fields);
        Workflow workflow = workflow(root);
        List<JobDraft> drafts = drafts(root);
        for (JobDraft draft : drafts) {
            if (!stages.contains(draft.stage())) {
                fields.problems()
                        .add(
                                draft.stageAt(),
                                "job "
                                        + draft.name()
                                        + ": stage "
                                        + draft.stage()
                                        + " is not among the stages: "
                                        + String.join(", ", stages));
            }
        }
        if (drafts.isEmpty()) {
            fields.problems()
                    .add(
                            root.at(),
                            "there is no job; hidden jobs, whose names start with a dot, do not count");
        }
        fields.problems().check();

        List<Variable> predefined = PredefinedVariables.ofPipeline(git, options);
        List<AbsentJob> absent = new ArrayList<>();
        Optional<Rule> rule = Optional.empty();
        if (workflow.rules().isPresent()) {
            rule = conditions.first(workflow.rules().get(), visible(predefined, globals));
            if (rule.isEmpty() || rule.get().when().equals(Optional.of("never"))) {
                String why =
                        rule.map(never ->
                                        "workflow:rules make no pipeline: "
                                                + never.text()
                                                + " says never")
                                .orElse("workflow:rules make no pipeline: no rule matches");
                drafts.forEach(
                        draft -> absent.add(new AbsentJob(draft.name(), draft.stage(), why)));
                return new Pipeline(
                        "", List.of(), List.of(), absent, List.of(), git, options, predefined);
            }
        }
        List<Variable> shared =
                VariableReader.over(globals, rule.map(Rule::variables).orElse(List.of()));
        JobMaker maker =
                new JobMaker(conditions, options, predefined, shared, workflow.rules().isPresent());
        List<JobMaker.Made> made = new ArrayList<>();
        for (JobDraft draft : inStageOrder(drafts, stages)) {
            maker.make(draft, made, absent);
        }
        List<PipelineJob> jobs =
                new Needs(made, drafts, absent, stages, fields.problems()).resolve();
        fields.problems().check();
        Set<String> used = new java.util.HashSet<>();
        jobs.forEach(job -> used.add(job.stage()));
        List<Variable> all = new ArrayList<>(predefined);
        all.addAll(shared);
        return new Pipeline(
                VariableExpansion.expand(workflow.name(), visible(predefined, shared)),
                stages.stream().filter(used::contains).toList(),
                jobs,
                absent,
                workflow.notes(),
                git,
                options,
                all);
    }

    private Map<String, String> visible(List<Variable> predefined, List<Variable> globals) {
        Map<String, String> values = Conditions.values(predefined, globals);
        options.variables().forEach(variable -> values.put(variable.key(), variable.value()));
        return values;
    }

    private static List<JobDraft> inStageOrder(List<JobDraft> drafts, List<String> stages) {
        List<JobDraft> sorted = new ArrayList<>(drafts);
        // A stable sort: within a stage the order of the file stays.
        sorted.sort(java.util.Comparator.comparingInt(draft -> stages.indexOf(draft.stage())));
        return sorted;
    }

    private List<String> stages(Mapping root) {
        Yaml value = root.get("stages");
        List<String> own = value == null ? STAGES : fields.texts("stages", value);
        List<String> stages = new ArrayList<>();
        stages.add(".pre");
        for (String stage : own) {
            if (!stage.equals(".pre") && !stage.equals(".post") && !stages.contains(stage)) {
                stages.add(stage);
            }
        }
        stages.add(".post");
        return stages;
    }

    private record Workflow(String name, Optional<List<Rule>> rules, List<String> notes) {}

    private Workflow workflow(Mapping root) {
        Optional<Mapping> mapping = fields.mapping("workflow", root.get("workflow"));
        if (mapping.isEmpty()) {
            return new Workflow("", Optional.empty(), List.of());
        }
        fields.known("workflow", mapping.get(), Set.of("name", "rules", "auto_cancel"));
        List<String> notes = new ArrayList<>();
        if (mapping.get().has("auto_cancel")) {
            notes.add("workflow:auto_cancel: GitLab cancels older pipelines");
        }
        Yaml rules = mapping.get().get("rules");
        return new Workflow(
                fields.text("workflow:name", mapping.get().get("name")).orElse(""),
                rules == null
                        ? Optional.empty()
                        : Optional.of(RuleReader.read("workflow:rules", rules, fields)),
                notes);
    }

    private List<JobDraft> drafts(Mapping root) {
        JobReader reader = new JobReader(defaults(root), fields);
        List<JobDraft> drafts = new ArrayList<>();
        for (Map.Entry<String, Entry> entry : root.entries().entrySet()) {
            String name = entry.getKey();
            if (Keywords.TOP.contains(name)) {
                topKeyword(name, entry.getValue());
            } else if (!name.startsWith(".")) {
                switch (entry.getValue().value()) {
                    case Mapping job ->
                            drafts.add(reader.read(name, entry.getValue().keyAt(), job));
                    case Yaml.Scalar _, Sequence _, Yaml.Reference _ ->
                            notAJob(name, entry.getValue());
                }
            }
        }
        return drafts;
    }

    private void topKeyword(String name, Entry entry) {
        if (name.equals("spec")) {
            fields.problems()
                    .add(
                            entry.keyAt(),
                            "spec: inputs are filled in by GitLab only; give the values with variables instead");
        } else if (name.equals("types")) {
            fields.problems()
                    .add(
                            entry.keyAt(),
                            "types is an old name that GitLab no longer takes; write stages");
        }
    }

    private void notAJob(String name, Entry entry) {
        if (entry.value() instanceof Yaml.Scalar scalar && scalar.isNull()) {
            fields.problems()
                    .add(
                            entry.keyAt(),
                            "job " + name + " is empty; a job is a mapping with script");
            return;
        }
        String near = Nearest.of(name, Keywords.TOP);
        fields.problems()
                .add(
                        entry.keyAt(),
                        name
                                + " is "
                                + entry.value().describe()
                                + ", and neither a keyword nor a job (a mapping with script)"
                                + (near.isEmpty() ? "" : "; did you mean " + near + "?"));
    }

    /** {@code default}, over the same keywords at the top of the file. */
    private Mapping defaults(Mapping root) {
        Map<String, Entry> entries = new LinkedHashMap<>();
        root.entries()
                .forEach((name, entry) -> {
                    if (Keywords.TOP_DEFAULTS.contains(name)) {
                        entries.put(name, entry);
                    }
                });
        Optional<Mapping> given = fields.mapping("default", root.get("default"));
        if (given.isPresent()) {
            fields.known("default", given.get(), Keywords.DEFAULT);
            given.get()
                    .entries()
                    .forEach((name, entry) -> {
                        if (entries.put(name, entry) != null) {
                            fields.problems()
                                    .add(
                                            entry.keyAt(),
                                            name
                                                    + " stands under default and at the top of the file; allowed: one of them");
                        }
                    });
        }
        return Mapping.of(entries, root.at());
    }
}
