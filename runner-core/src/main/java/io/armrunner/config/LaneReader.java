package io.armrunner.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** {@code [[runners.lanes]]} to records, with what is wrong in them. */
final class LaneReader {
    private static final Set<String> EXECUTORS = Set.of("shell", "codebuild");

    private final KeyCheck check;

    LaneReader(KeyCheck check) {
        this.check = check;
    }

    /**
     * The lanes in order; none when the runner has no such entry.
     *
     * @param runner the runner's table, {@code path} where it is
     * @param executor the runner's own, which a lane has unless it says otherwise
     */
    List<LaneConfig> lanes(Settings runner, String path, String executor) throws ConfigException {
        List<LaneConfig> lanes = new ArrayList<>();
        Set<String> names = new HashSet<>();
        List<Settings> entries = runner.tables("lanes");
        for (int i = 0; i < entries.size(); i++) {
            String at = path + ".lanes[" + i + "]";
            LaneConfig lane = lane(entries.get(i), at, executor);
            if (!names.add(lane.name())) {
                throw check.error(
                        at + ".name", "stands twice; each lane of a runner has its own name");
            }
            lanes.add(lane);
        }
        if (lanes.isEmpty() && executor.equals("codebuild")) {
            lanes.add(
                    new LaneConfig(
                            "codebuild",
                            executor,
                            LaneConfig.Rules.NONE,
                            LaneConfig.Floors.NONE,
                            runner.table("codebuild")));
        }
        return lanes;
    }

    private LaneConfig lane(Settings lane, String at, String runnersExecutor)
            throws ConfigException {
        String executor = lane.string("executor", runnersExecutor);
        if (!EXECUTORS.contains(executor)) {
            throw check.error(
                    at + ".executor",
                    "must be one of shell, codebuild, but is \"" + executor + "\"");
        }
        long capacity = lane.integer("capacity", 0);
        if (capacity < 0 || capacity > Integer.MAX_VALUE) {
            throw check.error(at + ".capacity", "must be 0 (no limit) or more");
        }
        long temperature = lane.integer("max_temperature", 0);
        if (temperature < 0 || temperature > 150) {
            throw check.error(at + ".max_temperature", "must be 0 (any) to 150 degrees Celsius");
        }
        Optional<Duration> timeout = lane.duration("max_timeout");
        if (timeout.filter(limit -> !limit.isPositive()).isPresent()) {
            throw check.error(at + ".max_timeout", "must be longer than 0");
        }
        return new LaneConfig(
                lane.string("name", executor),
                executor,
                new LaneConfig.Rules(
                        (int) capacity, lane.bool("paused", false), refs(lane, at), timeout),
                new LaneConfig.Floors(
                        size(lane, at, "min_free_disk"),
                        size(lane, at, "min_free_memory"),
                        (int) temperature,
                        lane.bool("throttled", false)),
                lane.table("codebuild"));
    }

    private LaneConfig.Refs refs(Settings lane, String at) throws ConfigException {
        String word = lane.string("refs", "all");
        return switch (word.toLowerCase(Locale.ROOT)) {
            case "all" -> LaneConfig.Refs.ALL;
            case "protected" -> LaneConfig.Refs.PROTECTED;
            default ->
                    throw check.error(
                            at + ".refs",
                            "must be \"all\" or \"protected\", but is \"" + word + "\"");
        };
    }

    private long size(Settings lane, String at, String key) throws ConfigException {
        Optional<String> text = lane.string(key);
        if (text.isEmpty()) {
            return 0;
        }
        OptionalLong size = ByteSize.parse(text.get());
        if (size.isEmpty()) {
            throw check.error(
                    at + "." + key,
                    "must be a size such as \"2GB\", but is \"" + text.get() + "\"");
        }
        return size.getAsLong();
    }
}
