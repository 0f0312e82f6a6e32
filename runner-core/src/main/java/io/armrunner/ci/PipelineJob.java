package io.armrunner.ci;

import io.armrunner.spec.Artifacts;
import io.armrunner.spec.Cache;
import io.armrunner.spec.Hook;
import io.armrunner.spec.Image;
import io.armrunner.spec.Variable;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One job of the pipeline, everything in it resolved. Immutable.
 *
 * @param name full name, as {@code test 2/3} or {@code build: [arm64, debug]} for a parallel job
 * @param baseName the name in the file
 * @param stage its stage
 * @param script {@code before_script} and {@code script} in one, as GitLab joins them
 * @param afterScript empty when there is none
 * @param hooks {@code pre_get_sources_script} and the like
 * @param variables in GitLab's order, last wins: of the file, of the workflow, of the job, of the
 *     matrix, of the rule that matched
 * @param needs jobs to wait for instead of the earlier stages; absent: stage order; present and
 *     empty: may start at once
 * @param dependencies full names of the jobs whose artifacts it gets
 * @param when when it starts
 * @param startIn for {@link When#DELAYED}, how long to wait; otherwise zero
 * @param allowFailure which failures do not count
 * @param retry how often and for what it is tried again
 * @param timeout its own {@code timeout}, when it has one
 * @param tags the runner's tags it asks for
 * @param image absent for the runner's own
 * @param services containers beside it
 * @param cache in order
 * @param artifacts archive first, then reports; empty when it makes none
 * @param nodeIndex {@code CI_NODE_INDEX}, from 1; 0 when not parallel
 * @param nodeTotal {@code CI_NODE_TOTAL}, 1 when not parallel
 * @param environment {@code environment:name}, empty when there is none
 * @param interruptible whether a newer pipeline may cancel it
 * @param rule why it is in the pipeline, as a phrase for {@code exec --list}
 * @param notes keywords passed over because only GitLab can act on them
 */
public record PipelineJob(
        String name,
        String baseName,
        String stage,
        List<String> script,
        List<String> afterScript,
        List<Hook> hooks,
        List<Variable> variables,
        Optional<List<Need>> needs,
        List<String> dependencies,
        When when,
        Duration startIn,
        AllowFailure allowFailure,
        Retry retry,
        Optional<Duration> timeout,
        List<String> tags,
        Optional<Image> image,
        List<Image> services,
        List<Cache> cache,
        List<Artifacts> artifacts,
        int nodeIndex,
        int nodeTotal,
        String environment,
        boolean interruptible,
        String rule,
        List<String> notes) {
    public PipelineJob {
        script = List.copyOf(script);
        afterScript = List.copyOf(afterScript);
        hooks = List.copyOf(hooks);
        variables = List.copyOf(variables);
        needs = needs.map(List::copyOf);
        dependencies = List.copyOf(dependencies);
        tags = List.copyOf(tags);
        services = List.copyOf(services);
        cache = List.copyOf(cache);
        artifacts = List.copyOf(artifacts);
        notes = List.copyOf(notes);
    }

    /** When a job starts, once those before it have ended. */
    public enum When {
        ON_SUCCESS,
        ON_FAILURE,
        ALWAYS,
        MANUAL,
        DELAYED
    }

    /** A job to wait for, by its full name, and whether its artifacts are wanted. */
    public record Need(String job, boolean artifacts) {}

    /** Whether a failure lets the pipeline go on: always, or only with one of these exit codes. */
    public record AllowFailure(boolean always, Set<Integer> exitCodes) {
        /** Every failure counts. */
        public static final AllowFailure NO = new AllowFailure(false, Set.of());

        /** No failure counts. */
        public static final AllowFailure YES = new AllowFailure(true, Set.of());

        public AllowFailure {
            exitCodes = Set.copyOf(exitCodes);
        }
    }

    /**
     * {@code retry}: at most {@code max} more runs, for these failure reasons ({@code always} for
     * all) or exit codes.
     */
    public record Retry(int max, Set<String> when, Set<Integer> exitCodes) {
        /** Never again. */
        public static final Retry NONE = new Retry(0, Set.of(), Set.of());

        public Retry {
            when = Set.copyOf(when);
            exitCodes = Set.copyOf(exitCodes);
        }
    }

    /** This job where only {@code names} are left of the pipeline. */
    PipelineJob amongOnly(Set<String> names) {
        return after(
                needs.map(
                        list -> list.stream().filter(need -> names.contains(need.job())).toList()),
                dependencies.stream().filter(names::contains).toList());
    }

    /** This job with other jobs before it. */
    PipelineJob after(Optional<List<Need>> otherNeeds, List<String> otherDependencies) {
        return new PipelineJob(
                name,
                baseName,
                stage,
                script,
                afterScript,
                hooks,
                variables,
                otherNeeds,
                otherDependencies,
                when,
                startIn,
                allowFailure,
                retry,
                timeout,
                tags,
                image,
                services,
                cache,
                artifacts,
                nodeIndex,
                nodeTotal,
                environment,
                interruptible,
                rule,
                notes);
    }
}
