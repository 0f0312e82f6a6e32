package io.armrunner.ci;

import io.armrunner.ci.Yaml.Mapping;
import io.armrunner.spec.Variable;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/** Weighs rules and policies against the commit, the options and the files of the project. */
final class Conditions {
    private final ProjectFiles files;
    private final GitContext git;
    private final PipelineOptions options;
    private final Map<String, Optional<List<String>>> comparisons = new HashMap<>();
    private @Nullable List<String> listed;
    private @Nullable Set<String> existing;

    Conditions(ProjectFiles files, GitContext git, PipelineOptions options) {
        this.files = files;
        this.git = git;
        this.options = options;
    }

    /** All paths of the project, asked for once. */
    List<String> projectFiles() throws IOException {
        List<String> known = listed;
        if (known == null) {
            known = files.list();
            listed = known;
        }
        return known;
    }

    /** A file's text; empty when there is none. */
    Optional<String> read(String path) throws IOException {
        return files.read(path);
    }

    /** What {@code include:rules} may ask for in this file. */
    Map<String, String> withGlobals(Mapping file, Fields fields) {
        Map<String, String> values = new HashMap<>();
        values.putAll(Includes.byName(PredefinedVariables.ofPipeline(git, options)));
        values.putAll(
                Includes.byName(VariableReader.read("variables", file.get("variables"), fields)));
        values.putAll(Includes.byName(options.variables()));
        return values;
    }

    /** Whether a file is included: its first rule that matches does not say never. */
    boolean included(List<Rule> rules, Map<String, String> variables) throws IOException {
        Optional<Rule> rule = first(rules, variables);
        return rule.isPresent() && !rule.get().when().equals(Optional.of("never"));
    }

    /** The first rule that matches. */
    Optional<Rule> first(List<Rule> rules, Map<String, String> variables) throws IOException {
        for (Rule rule : rules) {
            if (matches(rule, variables)) {
                return Optional.of(rule);
            }
        }
        return Optional.empty();
    }

    private boolean matches(Rule rule, Map<String, String> variables) throws IOException {
        if (rule.condition().isPresent() && !rule.condition().get().holds(variables)) {
            return false;
        }
        if (rule.changes().isPresent()
                && !changed(rule.changes().get(), rule.compareTo(), variables)) {
            return false;
        }
        return rule.exists().isEmpty() || exists(rule.exists().get(), variables);
    }

    private boolean changed(
            List<String> globs, Optional<String> compareTo, Map<String, String> variables)
            throws IOException {
        Optional<List<String>> changes = git.changedFiles();
        if (compareTo.isPresent()) {
            String ref = VariableExpansion.expand(compareTo.get(), variables);
            changes = comparisons.get(ref);
            if (changes == null) {
                changes = files.changedSince(ref);
                comparisons.put(ref, changes);
            }
        }
        // Nobody knows what changed, as with a new branch: then everything has.
        return changes.isEmpty() || any(globs, changes.get(), variables);
    }

    private boolean exists(List<String> globs, Map<String, String> variables) throws IOException {
        Set<String> known = existing;
        if (known == null) {
            known = new HashSet<>(projectFiles());
            existing = known;
        }
        for (String glob : globs) {
            if (known.contains(VariableExpansion.expand(glob, variables))) {
                return true;
            }
        }
        return any(globs, projectFiles(), variables);
    }

    private static boolean any(
            List<String> globs, List<String> paths, Map<String, String> variables) {
        for (String glob : globs) {
            String expanded = VariableExpansion.expand(glob, variables);
            for (String path : paths) {
                if (Globs.matches(expanded, path)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Why {@code only} keeps a job out; empty when it lets it in. Every part of it must agree. */
    Optional<String> keptOutByOnly(Policy only, Map<String, String> variables) throws IOException {
        if (only.refs().isPresent() && only.refs().get().stream().noneMatch(this::isRef)) {
            return Optional.of(
                    "only: " + String.join(", ", only.refs().get()) + " does not fit " + what());
        }
        if (only.variables().isPresent()
                && only.variables().get().stream()
                        .noneMatch(condition -> condition.holds(variables))) {
            return Optional.of("only:variables: no condition holds");
        }
        if (only.changes().isPresent()
                && !changed(only.changes().get(), Optional.empty(), variables)) {
            return Optional.of("only:changes: none of these files changed");
        }
        return only.kubernetes()
                ? Optional.of("only:kubernetes: there is no cluster")
                : Optional.empty();
    }

    /** Why {@code except} keeps a job out; empty when it lets it in. One part is enough. */
    Optional<String> keptOutByExcept(Policy except, Map<String, String> variables)
            throws IOException {
        if (except.refs().isPresent() && except.refs().get().stream().anyMatch(this::isRef)) {
            return Optional.of(
                    "except: " + String.join(", ", except.refs().get()) + " fits " + what());
        }
        if (except.variables().isPresent()
                && except.variables().get().stream()
                        .anyMatch(condition -> condition.holds(variables))) {
            return Optional.of("except:variables: a condition holds");
        }
        if (except.changes().isPresent()
                && changed(except.changes().get(), Optional.empty(), variables)) {
            return Optional.of("except:changes: one of these files changed");
        }
        return Optional.empty();
    }

    private String what() {
        if (options.mergeRequest().isPresent()) {
            return "a merge request";
        }
        return git.tag().isPresent() ? "the tag " + git.ref() : "the branch " + git.ref();
    }

    private boolean isRef(String pattern) {
        boolean mergeRequest = options.mergeRequest().isPresent();
        boolean tag = git.tag().isPresent() && !mergeRequest;
        String source = options.pipelineSource();
        return switch (pattern) {
            case "branches" -> !tag && !mergeRequest;
            case "tags" -> tag;
            case "merge_requests" -> mergeRequest;
            case "api", "chat", "external", "web" -> source.equals(pattern);
            case "pushes" -> source.equals("push");
            case "schedules" -> source.equals("schedule");
            case "triggers" -> source.equals("trigger");
            case "pipelines" -> source.equals("pipeline");
            case "external_pull_requests" -> source.equals("external_pull_request_event");
            default -> isRefName(pattern);
        };
    }

    private boolean isRefName(String pattern) {
        String name = Policy.name(pattern);
        if (!name.equals(pattern)
                && !pattern.substring(name.length() + 1).equals(git.projectPath())) {
            return false;
        }
        try {
            Optional<Expression.Regex> regex = Expression.Regex.of(name);
            return regex.isPresent()
                    ? regex.get().pattern().matcher(git.ref()).find()
                    : name.equals(git.ref());
        } catch (PatternSyntaxException e) {
            // Told as an error of the file when it was read.
            return false;
        }
    }

    /**
     * The values that conditions see: the shared variables and these, references not filled in, as
     * in GitLab.
     */
    static Map<String, String> values(List<Variable> shared, List<Variable> own) {
        Map<String, String> values = new HashMap<>();
        shared.forEach(variable -> values.put(variable.key(), variable.value()));
        own.forEach(variable -> values.put(variable.key(), variable.value()));
        return values;
    }
}
