package io.armrunner.status;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** The numbers of lanes: which are closed, what those in AWS cost, and what AWS says to them. */
final class LaneMetrics {
    private static final String[] LANE = {"runner", "lane"};

    private LaneMetrics() {}

    static void registerStates(MetricShelf shelf, Supplier<Map<String, List<LaneView>>> boards) {
        shelf.gaugeOf(
                "armrunner_lane_closed",
                "Whether the lane has closed itself: 1, or 0",
                values ->
                        boards.get()
                                .forEach((runner, lanes) ->
                                        lanes.forEach(lane ->
                                                values.call(
                                                        lane.state() == LaneView.State.CLOSED
                                                                ? 1
                                                                : 0,
                                                        runner,
                                                        lane.name()))),
                LANE);
    }

    static void register(MetricShelf shelf, Supplier<List<LaneNumbers>> lanes) {
        gauge(
                shelf,
                lanes,
                "armrunner_lane_limit",
                "Jobs at once that the lane takes as far as it has learned, 0 for no limit",
                LaneNumbers::limit);
        gauge(
                shelf,
                lanes,
                "armrunner_lane_month_builds",
                "Builds of the lane that ended this month",
                LaneNumbers::builds);
        gauge(
                shelf,
                lanes,
                "armrunner_lane_month_billed_minutes",
                "Minutes that were billed for this month's builds",
                LaneNumbers::minutes);
        gauge(
                shelf,
                lanes,
                "armrunner_lane_month_billed_seconds",
                "Seconds that were billed for this month's builds on Lambda compute",
                LaneNumbers::seconds);
        gauge(
                shelf,
                lanes,
                "armrunner_lane_month_cost_dollars",
                "What this month's builds have cost by the price table",
                LaneNumbers::dollars);
        shelf.counterOf(
                "armrunner_aws_calls",
                "Calls of lanes to AWS, by what came of them",
                values -> {
                    for (LaneNumbers lane : lanes.get()) {
                        for (LaneNumbers.Calls calls : lane.calls()) {
                            values.call(
                                    (double) calls.count(),
                                    lane.runner(),
                                    lane.lane(),
                                    calls.region(),
                                    calls.call(),
                                    calls.outcome());
                        }
                    }
                },
                "runner",
                "lane",
                "region",
                "call",
                "outcome");
    }

    private static void gauge(
            MetricShelf shelf,
            Supplier<List<LaneNumbers>> lanes,
            String name,
            String help,
            ToDoubleFunction<LaneNumbers> value) {
        shelf.gaugeOf(
                name,
                help,
                values ->
                        lanes.get()
                                .forEach(lane ->
                                        values.call(
                                                value.applyAsDouble(lane),
                                                lane.runner(),
                                                lane.lane())),
                LANE);
    }
}
