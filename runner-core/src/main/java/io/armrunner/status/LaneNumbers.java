package io.armrunner.status;

import java.util.List;

/**
 * What a lane in AWS counts.
 *
 * @param runner the runner's short token
 * @param lane its name
 * @param limit jobs at once as far as it has learned, 0 for no limit
 * @param builds that ended this month
 * @param minutes that were billed for them
 * @param seconds that were billed besides, of builds on Lambda compute
 * @param dollars that they cost, as far as their price is known
 * @param calls what came of its calls
 */
public record LaneNumbers(
        String runner,
        String lane,
        int limit,
        long builds,
        long minutes,
        long seconds,
        double dollars,
        List<Calls> calls) {
    /**
     * Calls to a service elsewhere.
     *
     * @param call such as {@code CodeBuild:StartBuild}
     * @param outcome {@code ok}, or the code of an error
     */
    public record Calls(String region, String call, String outcome, long count) {}

    public LaneNumbers {
        calls = List.copyOf(calls);
    }
}
