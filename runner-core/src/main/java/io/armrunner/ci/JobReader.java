package io.armrunner.ci;

import io.armrunner.ci.PipelineJob.AllowFailure;
import io.armrunner.ci.PipelineJob.Retry;
import io.armrunner.ci.Yaml.Entry;
import io.armrunner.ci.Yaml.Mapping;
import io.armrunner.ci.Yaml.Scalar;
import io.armrunner.spec.Hook;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads one job: every keyword checked, the defaults laid under it. */
final class JobReader {
    private static final int MAX_PARALLEL = 200;
    private static final int MAX_RETRY = 2;
    private static final List<String> RETRY_WHEN =
            List.of(
                    "always",
                    "unknown_failure",
                    "script_failure",
                    "api_failure",
                    "stuck_or_timeout_failure",
                    "runner_system_failure",
                    "runner_unsupported",
                    "stale_schedule",
                    "job_execution_timeout",
                    "archived_failure",
                    "unmet_prerequisites",
                    "scheduler_failure",
                    "data_integrity_failure",
                    "runner_configuration_error",
                    "runner_external_dependency_failure",
                    "runner_interrupted",
                    "image_pull_failure");

    private final Mapping defaults;
    private final Fields fields;

    JobReader(Mapping defaults, Fields fields) {
        this.defaults = defaults;
        this.fields = fields;
    }

    JobDraft read(String name, Position at, Mapping job) {
        List<String> notes = new ArrayList<>();
        keywords(job, notes);
        Mapping whole = inherit(job);
        boolean trigger = job.has("trigger");
        List<String> script =
                new ArrayList<>(fields.script("before_script", whole.get("before_script")));
        List<String> own = fields.script("script", job.get("script"));
        // A script of the wrong kind is told already.
        boolean wrong = job.has("script") && !(job.get("script") instanceof Yaml.Sequence);
        if (own.isEmpty() && !wrong && !trigger && !job.has("run")) {
            fields.problems().add(at, "job " + name + " has no script");
        }
        script.addAll(own);
        if (job.has("rules") && (job.has("only") || job.has("except"))) {
            fields.problems()
                    .add(
                            at,
                            "job "
                                    + name
                                    + " has rules beside only or except; allowed: one way of them");
        }
        Optional<String> when = fields.word("when", job.get("when"), RuleReader.WHEN);
        Optional<Duration> startIn = fields.duration("start_in", job.get("start_in"));
        if (when.equals(Optional.of("delayed")) && startIn.isEmpty()) {
            fields.problems().add(at, "job " + name + " has when: delayed and no start_in");
        }
        Yaml rules = job.get("rules");
        Yaml needs = job.get("needs");
        Yaml only = job.get("only");
        Yaml except = job.get("except");
        Yaml stage = job.get("stage");
        Optional<Mapping> parallel = parallelMatrix(job.get("parallel"));
        return new JobDraft(
                name,
                at,
                fields.text("stage", stage).orElse("test"),
                stage == null ? at : stage.at(),
                trigger,
                script,
                fields.script("after_script", whole.get("after_script")),
                hooks(whole.get("hooks")),
                VariableReader.read("variables", job.get("variables"), fields),
                inheritedVariables(job),
                rules == null
                        ? Optional.empty()
                        : Optional.of(RuleReader.read("rules", rules, fields)),
                only == null ? Optional.empty() : Optional.of(Policy.read("only", only, fields)),
                except == null
                        ? Optional.empty()
                        : Optional.of(Policy.read("except", except, fields)),
                when,
                startIn,
                allowFailure(job.get("allow_failure")),
                needs == null
                        ? Optional.empty()
                        : Optional.of(NeedReader.read(needs, fields, notes)),
                dependencies(job.get("dependencies")),
                retry(whole.get("retry")),
                fields.duration("timeout", whole.get("timeout")),
                fields.texts("tags", whole.get("tags")),
                ContainerReader.image(whole.get("image"), fields),
                ContainerReader.services(whole.get("services"), fields),
                OutputReader.caches(whole.get("cache"), fields),
                OutputReader.artifacts(whole.get("artifacts"), fields, notes),
                job.get("parallel") instanceof Scalar number
                        ? fields.number("parallel", number, 1, MAX_PARALLEL).orElse(0)
                        : 0,
                parallel.map(mapping -> NeedReader.variants("parallel:matrix", mapping, fields))
                        .orElse(List.of()),
                environment(job.get("environment"), notes),
                fields.truth("interruptible", whole.get("interruptible")).orElse(false),
                notes);
    }

    /** Tells unknown and refused keywords, notes those passed over. */
    private void keywords(Mapping job, List<String> notes) {
        for (Map.Entry<String, Entry> entry : job.entries().entrySet()) {
            String key = entry.getKey();
            String note = Keywords.PASSED_OVER.get(key);
            String refusal = Keywords.REFUSED.get(key);
            if (note != null && job.has(key)) {
                notes.add(key + ": " + note);
            } else if (refusal != null) {
                fields.problems().add(entry.getValue().keyAt(), key + ": " + refusal);
            } else if (note == null && !Keywords.JOB.contains(key)) {
                fields.problems()
                        .add(entry.getValue().keyAt(), Keywords.unknown(key, Keywords.job()));
            }
        }
    }

    /**
     * The job over those defaults that its {@code inherit} lets in; a keyword is taken whole, never
     * merged.
     */
    private Mapping inherit(Mapping job) {
        Set<String> taken = new LinkedHashSet<>(Keywords.DEFAULT);
        Optional<Mapping> inherit = fields.mapping("inherit", job.get("inherit"));
        inherit.ifPresent(
                mapping -> fields.known("inherit", mapping, Set.of("default", "variables")));
        Yaml choice = inherit.isPresent() ? inherit.get().get("default") : null;
        if (choice instanceof Scalar scalar) {
            if (!fields.truth("inherit:default", scalar).orElse(true)) {
                taken.clear();
            }
        } else if (choice != null) {
            taken.retainAll(fields.texts("inherit:default", choice));
        }
        Map<String, Entry> entries = new LinkedHashMap<>(job.entries());
        for (String key : taken) {
            Entry entry = defaults.entries().get(key);
            if (entry != null && !job.has(key)) {
                entries.put(key, entry);
            }
        }
        return Mapping.of(entries, job.at());
    }

    private JobDraft.Inherited inheritedVariables(Mapping job) {
        Yaml choice =
                job.get("inherit") instanceof Mapping mapping ? mapping.get("variables") : null;
        if (choice == null) {
            return JobDraft.Inherited.ALL;
        }
        if (choice instanceof Scalar scalar) {
            return new JobDraft.Inherited(
                    fields.truth("inherit:variables", scalar).orElse(true), List.of());
        }
        return new JobDraft.Inherited(false, fields.texts("inherit:variables", choice));
    }

    private List<Hook> hooks(@Nullable Yaml value) {
        List<Hook> hooks = new ArrayList<>();
        fields.mapping("hooks", value)
                .ifPresent(mapping -> {
                    fields.known("hooks", mapping, Set.of("pre_get_sources_script"));
                    List<String> lines =
                            fields.script(
                                    "hooks:pre_get_sources_script",
                                    mapping.get("pre_get_sources_script"));
                    if (!lines.isEmpty()) {
                        hooks.add(new Hook("pre_get_sources_script", new ArrayList<>(lines)));
                    }
                });
        return hooks;
    }

    private Optional<AllowFailure> allowFailure(@Nullable Yaml value) {
        if (value instanceof Mapping mapping) {
            fields.known("allow_failure", mapping, Set.of("exit_codes"));
            return Optional.of(
                    new AllowFailure(
                            false,
                            fields.numbers("allow_failure:exit_codes", mapping.get("exit_codes"))));
        }
        return fields.truth("allow_failure", value)
                .map(yes -> yes ? AllowFailure.YES : AllowFailure.NO);
    }

    private Retry retry(@Nullable Yaml value) {
        if (value instanceof Mapping mapping) {
            fields.known("retry", mapping, Set.of("max", "when", "exit_codes"));
            Set<String> when = new LinkedHashSet<>();
            for (Yaml item : fields.items(mapping.get("when"))) {
                fields.word("retry:when", item, RETRY_WHEN).ifPresent(when::add);
            }
            Set<Integer> codes = fields.numbers("retry:exit_codes", mapping.get("exit_codes"));
            if (when.isEmpty() && codes.isEmpty()) {
                when.add("always");
            }
            return new Retry(
                    fields.number("retry:max", mapping.get("max"), 0, MAX_RETRY).orElse(0),
                    when,
                    codes);
        }
        return fields.number("retry", value, 0, MAX_RETRY)
                .map(max -> new Retry(max, Set.of("always"), Set.of()))
                .orElse(Retry.NONE);
    }

    private Optional<List<NeedSpec>> dependencies(@Nullable Yaml value) {
        if (value == null) {
            return Optional.empty();
        }
        List<NeedSpec> names = new ArrayList<>();
        for (String name : fields.texts("dependencies", value)) {
            names.add(new NeedSpec(name, true, false, List.of(), value.at()));
        }
        return Optional.of(names);
    }

    private Optional<Mapping> parallelMatrix(@Nullable Yaml value) {
        if (value == null || value instanceof Scalar) {
            return Optional.empty();
        }
        if (value instanceof Mapping mapping) {
            return Optional.of(mapping);
        }
        fields.problems().wrongType("parallel", value, "a number, or a mapping with matrix");
        return Optional.empty();
    }

    private String environment(@Nullable Yaml value, List<String> notes) {
        if (value == null) {
            return "";
        }
        notes.add(
                "environment: GitLab keeps the deployments; only CI_ENVIRONMENT_NAME and CI_ENVIRONMENT_SLUG are set");
        if (value instanceof Mapping mapping) {
            fields.known(
                    "environment",
                    mapping,
                    Set.of(
                            "name",
                            "url",
                            "on_stop",
                            "action",
                            "auto_stop_in",
                            "kubernetes",
                            "deployment_tier"));
            return fields.text("environment:name", mapping.get("name")).orElse("");
        }
        return fields.text("environment", value).orElse("");
    }
}
