package io.armrunner.ci;

import io.armrunner.spec.Variable;
import java.util.List;
import java.util.Optional;

/**
 * One entry of {@code rules}.
 *
 * @param text how the file writes it, for {@code exec --list}
 * @param changes absent when it has none
 * @param compareTo the ref to compare with instead of the commit before
 * @param when {@code never} or a name of {@link PipelineJob.When} as the file writes it
 */
record Rule(
        String text,
        Optional<Expression> condition,
        Optional<List<String>> changes,
        Optional<String> compareTo,
        Optional<List<String>> exists,
        Optional<String> when,
        Optional<String> startIn,
        Optional<PipelineJob.AllowFailure> allowFailure,
        List<Variable> variables,
        Optional<List<NeedSpec>> needs,
        Optional<Boolean> interruptible,
        Position at) {}
