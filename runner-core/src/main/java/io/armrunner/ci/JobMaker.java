package io.armrunner.ci;

import io.armrunner.ci.Pipeline.AbsentJob;
import io.armrunner.ci.PipelineJob.AllowFailure;
import io.armrunner.ci.PipelineJob.When;
import io.armrunner.spec.Cache;
import io.armrunner.spec.Variable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Makes the pipeline's jobs of one job of the file: rules weighed, {@code parallel} spread out;
 * needs are resolved later.
 */
final class JobMaker {
    private final Conditions conditions;
    private final PipelineOptions options;
    private final List<Variable> predefined;
    private final List<Variable> shared;
    private final boolean workflowRules;

    JobMaker(
            Conditions conditions,
            PipelineOptions options,
            List<Variable> predefined,
            List<Variable> shared,
            boolean workflowRules) {
        this.conditions = conditions;
        this.options = options;
        this.predefined = predefined;
        this.shared = shared;
        this.workflowRules = workflowRules;
    }

    /** A job of the pipeline with its needs as the file has them. */
    record Made(
            PipelineJob job,
            JobDraft draft,
            Optional<List<NeedSpec>> needs,
            Map<String, String> variant) {}

    /** What rules or policies say: absent, or when and how. */
    private record Outcome(
            Optional<String> absent,
            String why,
            String when,
            Optional<AllowFailure> allowFailure,
            Optional<Rule> rule) {}

    void make(JobDraft draft, List<Made> made, List<AbsentJob> absent) throws IOException {
        if (draft.trigger()) {
            absent.add(
                    new AbsentJob(
                            draft.name(),
                            draft.stage(),
                            "trigger: only GitLab can start another pipeline"));
            return;
        }
        List<Map<String, String>> variants = variants(draft);
        int total = draft.count() > 0 ? draft.count() : Math.max(1, variants.size());
        for (int i = 0; i < total; i++) {
            Map<String, String> variant = variants.isEmpty() ? Map.of() : variants.get(i);
            String name = draft.name();
            if (!variants.isEmpty()) {
                name += ": [" + String.join(", ", variant.values()) + "]";
            } else if (draft.count() > 0) {
                name += " " + (i + 1) + "/" + total;
            }
            boolean parallel = draft.count() > 0 || !variants.isEmpty();
            one(draft, name, variant, parallel ? i + 1 : 0, total, made, absent);
        }
    }

    private void one(
            JobDraft draft,
            String name,
            Map<String, String> variant,
            int index,
            int total,
            List<Made> made,
            List<AbsentJob> absent)
            throws IOException {
        List<Variable> own = new ArrayList<>(draft.variables());
        variant.forEach((key, value) -> own.add(Variable.of(key, value)));
        List<Variable> inherited =
                shared.stream()
                        .filter(variable -> draft.inherited().takes(variable.key()))
                        .toList();
        List<Variable> yaml = VariableReader.over(inherited, own);
        Map<String, String> values = Conditions.values(predefined, yaml);
        options.variables().forEach(variable -> values.put(variable.key(), variable.value()));
        values.put("CI_JOB_NAME", name);
        values.put("CI_JOB_STAGE", draft.stage());
        Outcome outcome = outcome(draft, values);
        if (outcome.absent().isPresent()) {
            absent.add(new AbsentJob(name, draft.stage(), outcome.absent().get()));
            return;
        }
        Optional<Rule> rule = outcome.rule();
        List<Variable> all = VariableReader.over(yaml, rule.map(Rule::variables).orElse(List.of()));
        Map<String, String> expandable = new LinkedHashMap<>(values);
        all.forEach(variable -> expandable.put(variable.key(), variable.value()));
        List<Cache> caches = new ArrayList<>();
        for (CacheSpec cache : draft.cache()) {
            caches.add(withKey(cache, expandable));
        }
        When when = When.valueOf(outcome.when().toUpperCase(Locale.ROOT));
        // A manual job without rules may be left out, unless the file says otherwise; one with
        // rules may not.
        AllowFailure allow =
                outcome.allowFailure()
                        .orElse(
                                when == When.MANUAL && draft.rules().isEmpty()
                                        ? AllowFailure.YES
                                        : AllowFailure.NO);
        Duration startIn =
                when == When.DELAYED
                        ? rule.flatMap(Rule::startIn)
                                .flatMap(Durations::parse)
                                .or(draft::startIn)
                                .orElse(Duration.ZERO)
                        : Duration.ZERO;
        PipelineJob job =
                new PipelineJob(
                        name,
                        draft.name(),
                        draft.stage(),
                        draft.script(),
                        draft.afterScript(),
                        draft.hooks(),
                        all,
                        Optional.empty(),
                        List.of(),
                        when,
                        startIn,
                        allow,
                        draft.retry(),
                        draft.timeout(),
                        draft.tags().stream()
                                .map(tag -> VariableExpansion.expand(tag, expandable))
                                .toList(),
                        draft.image(),
                        draft.services(),
                        caches,
                        draft.artifacts(),
                        index,
                        total,
                        VariableExpansion.expand(draft.environment(), expandable),
                        rule.flatMap(Rule::interruptible).orElse(draft.interruptible()),
                        outcome.why(),
                        draft.notes());
        made.add(new Made(job, draft, rule.flatMap(Rule::needs).or(draft::needs), variant));
    }

    private Outcome outcome(JobDraft draft, Map<String, String> values) throws IOException {
        String when = draft.when().orElse("on_success");
        if (draft.rules().isPresent()) {
            return byRules(draft, draft.rules().get(), when, values);
        }
        if (when.equals("never")) {
            return absent("when: never");
        }
        Optional<Policy> only = draft.only();
        if (only.isEmpty() && !workflowRules) {
            only = Optional.of(Policy.BRANCHES_AND_TAGS);
        } else if (only.isPresent() && only.get().refs().isEmpty() && !workflowRules) {
            // only:variables or only:changes alone keep the default refs.
            Policy given = only.get();
            only =
                    Optional.of(
                            new Policy(
                                    Policy.BRANCHES_AND_TAGS.refs(),
                                    given.variables(),
                                    given.changes(),
                                    given.kubernetes()));
        }
        Optional<String> out =
                only.isPresent() ? conditions.keptOutByOnly(only.get(), values) : Optional.empty();
        if (out.isEmpty() && draft.except().isPresent()) {
            out = conditions.keptOutByExcept(draft.except().get(), values);
        }
        return out.isPresent()
                ? absent(out.get())
                : new Outcome(
                        Optional.empty(),
                        "when: " + when,
                        when,
                        draft.allowFailure(),
                        Optional.empty());
    }

    private Outcome byRules(
            JobDraft draft, List<Rule> rules, String when, Map<String, String> values)
            throws IOException {
        Optional<Rule> matched = conditions.first(rules, values);
        if (matched.isEmpty()) {
            return absent("no rule matches");
        }
        Rule rule = matched.get();
        String then = rule.when().orElse(when);
        String place = " (line " + rule.at().line() + ")";
        return then.equals("never")
                ? absent("the rule " + rule.text() + place + " says never")
                : new Outcome(
                        Optional.empty(),
                        rule.text() + place,
                        then,
                        rule.allowFailure().or(draft::allowFailure),
                        matched);
    }

    private static Outcome absent(String why) {
        return new Outcome(Optional.of(why), "", "never", Optional.empty(), Optional.empty());
    }

    /** Every combination of the values of each entry of the matrix, in the order of the file. */
    private static List<Map<String, String>> variants(JobDraft draft) {
        List<Map<String, String>> all = new ArrayList<>();
        for (Map<String, List<String>> entry : draft.matrix()) {
            List<Map<String, String>> partial = List.of(Map.of());
            for (Map.Entry<String, List<String>> variable : entry.entrySet()) {
                List<Map<String, String>> longer = new ArrayList<>();
                for (Map<String, String> start : partial) {
                    for (String value : variable.getValue()) {
                        Map<String, String> next = new LinkedHashMap<>(start);
                        next.put(variable.getKey(), value);
                        longer.add(next);
                    }
                }
                partial = longer;
            }
            all.addAll(partial);
        }
        return all;
    }

    /**
     * {@code key:files}: GitLab takes the commits that last changed the files; the files' contents
     * change with them.
     */
    private Cache withKey(CacheSpec spec, Map<String, String> values) throws IOException {
        Cache cache = spec.cache();
        String key = cache.key();
        if (!spec.files().isEmpty()) {
            MessageDigest digest = sha1();
            boolean any = false;
            for (String file : spec.files()) {
                Optional<String> text = conditions.read(VariableExpansion.expand(file, values));
                if (text.isPresent()) {
                    any = true;
                    digest.update(text.get().getBytes(StandardCharsets.UTF_8));
                    digest.update((byte) 0);
                }
            }
            String name = any ? HexFormat.of().formatHex(digest.digest()) : "default";
            key = spec.prefix().isEmpty() ? name : spec.prefix() + "-" + name;
        }
        return new Cache(
                key,
                cache.untracked(),
                new ArrayList<>(cache.paths()),
                cache.policy(),
                cache.when(),
                new ArrayList<>(cache.fallbackKeys()));
    }

    private static MessageDigest sha1() {
        try {
            return MessageDigest.getInstance("SHA-1");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-1", e);
        }
    }
}
