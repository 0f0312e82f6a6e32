package io.armrunner.ci;

import io.armrunner.ci.PipelineJob.AllowFailure;
import io.armrunner.ci.PipelineJob.Retry;
import io.armrunner.spec.Artifacts;
import io.armrunner.spec.Hook;
import io.armrunner.spec.Image;
import io.armrunner.spec.Variable;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A job as the file has it, checked, before rules and {@code parallel} make jobs of a pipeline of
 * it.
 *
 * @param trigger whether it starts another pipeline and so runs nothing here
 * @param when as the file writes it; absent when it does not
 * @param inherited whether it takes the file's variables: all, none, or some
 * @param count instances of {@code parallel: N}; 0 when not parallel
 * @param matrix variants of {@code parallel:matrix}
 */
record JobDraft(
        String name,
        Position at,
        String stage,
        Position stageAt,
        boolean trigger,
        List<String> script,
        List<String> afterScript,
        List<Hook> hooks,
        List<Variable> variables,
        Inherited inherited,
        Optional<List<Rule>> rules,
        Optional<Policy> only,
        Optional<Policy> except,
        Optional<String> when,
        Optional<Duration> startIn,
        Optional<AllowFailure> allowFailure,
        Optional<List<NeedSpec>> needs,
        Optional<List<NeedSpec>> dependencies,
        Retry retry,
        Optional<Duration> timeout,
        List<String> tags,
        Optional<Image> image,
        List<Image> services,
        List<CacheSpec> cache,
        List<Artifacts> artifacts,
        int count,
        List<Map<String, List<String>>> matrix,
        String environment,
        boolean interruptible,
        List<String> notes) {
    /**
     * Which of the file's variables a job takes; {@code names} counts when {@code all} is false.
     */
    record Inherited(boolean all, List<String> names) {
        static final Inherited ALL = new Inherited(true, List.of());

        boolean takes(String name) {
            return all || names.contains(name);
        }
    }
}
