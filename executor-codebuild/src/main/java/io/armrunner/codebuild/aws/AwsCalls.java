package io.armrunner.codebuild.aws;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.interceptor.SdkExecutionAttribute;

/**
 * What came of the calls of one account and region, each counted once however often it was sent.
 * Thread-safe.
 */
public final class AwsCalls {
    /** Of calls that nobody answered. */
    private static final String UNANSWERED = "NoAnswer";

    private final Map<Key, LongAdder> counts = new ConcurrentHashMap<>();

    private record Key(String call, String outcome) {}

    /**
     * How many calls of a kind ended so.
     *
     * @param call such as {@code CodeBuild:StartBuild}
     * @param outcome {@code ok}, or the code of the error
     */
    public record Count(String call, String outcome, long count) {}

    /** All so far. */
    public List<Count> counts() {
        return counts.entrySet().stream()
                .map(entry ->
                        new Count(
                                entry.getKey().call(),
                                entry.getKey().outcome(),
                                entry.getValue().sum()))
                .toList();
    }

    private void ended(ExecutionAttributes call, String outcome) {
        counts.computeIfAbsent(
                        new Key(
                                call.getAttribute(SdkExecutionAttribute.SERVICE_NAME)
                                        + ":"
                                        + call.getAttribute(SdkExecutionAttribute.OPERATION_NAME),
                                outcome),
                        _ -> new LongAdder())
                .increment();
    }

    /** Counts the calls of a client. */
    ExecutionInterceptor counting() {
        return new ExecutionInterceptor() {
            @Override
            public void afterExecution(Context.AfterExecution context, ExecutionAttributes call) {
                ended(call, "ok");
            }

            @Override
            public void onExecutionFailure(
                    Context.FailedExecution context, ExecutionAttributes call) {
                String code =
                        context.exception() instanceof SdkException failure
                                ? AwsFailure.code(failure)
                                : "";
                ended(call, code.isEmpty() ? UNANSWERED : code);
            }
        };
    }
}
