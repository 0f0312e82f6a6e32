package io.armrunner.ci;

import io.armrunner.spec.Variable;
import java.util.List;
import java.util.Optional;

/**
 * What the user asks for beside the file.
 *
 * @param variables as from {@code --variable}: they win over everything the file says
 * @param source {@code CI_PIPELINE_SOURCE}, such as {@code push}; a merge request sets it itself
 * @param mergeRequest the merge request to act for
 */
public record PipelineOptions(
        List<Variable> variables, String source, Optional<MergeRequest> mergeRequest) {
    /** A push to the current branch or tag, nothing else given. */
    public static final PipelineOptions PUSH =
            new PipelineOptions(List.of(), "push", Optional.empty());

    public PipelineOptions {
        variables = List.copyOf(variables);
    }

    /** {@code CI_PIPELINE_SOURCE} of the pipeline. */
    public String pipelineSource() {
        return mergeRequest.isPresent() ? "merge_request_event" : source;
    }

    /** A merge request from the current branch into another one. */
    public record MergeRequest(
            long iid, String title, String targetBranch, String targetSha, String labels) {}
}
