package io.armrunner.codebuild.lane;

import io.armrunner.cache.CacheTools;
import io.armrunner.codebuild.aws.AwsCalls;
import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.config.LaneConfig;
import io.armrunner.config.Settings;
import io.armrunner.lane.RemoteEnd;
import io.armrunner.lane.RemoteJob;
import io.armrunner.lane.RemoteLane;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.protocol.ArtifactStore;
import io.armrunner.spec.JobFailure;
import io.armrunner.trace.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * AWS CodeBuild as a place for jobs. Makes no call before its first job. Thread-safe; closed by
 * whoever opened it, which leaves all builds running: the next process finds them.
 */
public final class CodeBuildLane implements RemoteLane, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CodeBuildLane.class);

    /** Where the agent has its files, on the one large disk of a build. */
    private static final Roots ROOTS =
            new Roots("/codebuild/output/armrunner/builds", "/codebuild/output/armrunner/cache");

    /** The same on Lambda compute, where nothing else can be written. */
    private static final Roots ROOTS_ON_LAMBDA =
            new Roots("/tmp/armrunner/builds", "/tmp/armrunner/cache");

    /**
     * What a lane needs besides its table.
     *
     * @param name what the configuration calls it
     * @param manager a word for this manager and runner that says nothing of the runner's token
     * @param labels of the runner
     * @param finalRounds how often a job's final report is tried
     * @param bundle makes the agent
     * @param caches where the runner's configuration keeps caches; empty for the lane's own bucket
     * @param store where artifacts are, for builds that cannot reach GitLab
     * @param environment of git, for the sources of such builds
     * @param costs the file of the lane's costs
     * @param keys an access key instead of those of this machine
     * @param roots says for each job where it has its files, after where AWS has room for them
     * @param speed how much shorter the lane's waits are than AWS needs them: 1, or more beside a
     *     fake
     */
    public record Surroundings(
            String name,
            String manager,
            Map<String, String> labels,
            int finalRounds,
            AgentBundle.Maker bundle,
            Optional<CacheTools.Remote> caches,
            ArtifactStore store,
            Map<String, String> environment,
            Path costs,
            Optional<AwsPlace.Keys> keys,
            UnaryOperator<Roots> roots,
            int speed,
            InstantSource clock,
            Ticker ticker,
            RandomGenerator random) {}

    private final Surroundings around;
    private final CodeBuildSettings settings;
    private final LaneTimes times;
    private final CostBook costs;
    private Optional<LaneKeeper> keeper = Optional.empty();
    private final Map<String, RegionLane> regions = new LinkedHashMap<>();

    CodeBuildLane(Surroundings around, CodeBuildSettings settings, LaneTimes times) {
        this.around = around;
        this.settings = settings;
        this.times = times;
        this.costs = new CostBook(around.costs(), around.clock());
    }

    /**
     * A lane.
     *
     * @param table the {@code codebuild} table of the configuration
     * @throws IllegalArgumentException with the key that can't be used, and why
     */
    public static CodeBuildLane open(Surroundings around, Settings table) {
        CodeBuildSettings settings = CodeBuildSettings.of(table);
        for (String region : table.strings("regions")) {
            if (!settings.regions().contains(region)) {
                LOG.warn(
                        "region_passed_over lane={} region={} reason=\"it has no Lambda compute\"",
                        around.name(),
                        region);
            }
        }
        return new CodeBuildLane(around, settings, LaneTimes.DEFAULT.faster(around.speed()));
    }

    /**
     * What is wrong with a lane's configuration, in words of which the first is the key; empty if
     * nothing is.
     */
    public static Optional<String> check(LaneConfig lane) {
        try {
            CodeBuildSettings settings = CodeBuildSettings.of(lane.codebuild());
            return lane.rules()
                    .maxTimeout()
                    .filter(most -> most.compareTo(settings.longest()) > 0)
                    .map(most ->
                            "compute \"%s\" has jobs of up to %d minutes, and max_timeout of the lane says %d"
                                    .formatted(
                                            settings.size().word(),
                                            settings.longest().toMinutes(),
                                            most.toMinutes()));
        } catch (IllegalArgumentException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    /** The jobs that this manager has accepted and not yet seen to their end. Any thread. */
    @FunctionalInterface
    public interface Books {
        /** Whether a job is among them, in whatever process it was accepted. */
        boolean hold(long job);
    }

    /**
     * From now on builds with this manager's mark whose job is not in the books are ended, and the
     * lane takes no job before it has looked for them. Called before the lane is used; not at all
     * where nobody keeps books.
     */
    public CodeBuildLane reaping(Books books) {
        keeper = Optional.of(new LaneKeeper(this, books, around.ticker()));
        return this;
    }

    /** A word for a manager and its runner that does not tell the runner's token. */
    public static String managerWord(String systemId, String runnerToken) {
        return "m-" + BuildRequest.digest(systemId + "\n" + runnerToken).substring(0, 20);
    }

    @Override
    public String name() {
        return around.name();
    }

    @Override
    public Roots roots() {
        return around.roots().apply(settings.isLambda() ? ROOTS_ON_LAMBDA : ROOTS);
    }

    @Override
    public Optional<Duration> longest() {
        return Optional.of(settings.longest());
    }

    @Override
    public boolean isRelayed() {
        return settings.relay();
    }

    @Override
    public RunnerSettings settings(RunnerSettings ofRunner) {
        CodeBuildSettings.Machine machine = settings.machine();
        return ofRunner.elsewhere(
                "codebuild",
                "linux/" + machine.word(),
                // What the check of native files expects follows the machine.
                List.of("ARMRUNNER_EXPECT_ARCH=" + machine.architecture()));
    }

    @Override
    public Optional<String> unfit() {
        Optional<String> unready = keeper.flatMap(LaneKeeper::unready);
        return unready.isPresent() ? unready : costs.exhausted(settings.monthlyCap());
    }

    @Override
    public int limit() {
        synchronized (regions) {
            int limit = 0;
            for (String name : settings.regions()) {
                RegionLane region = regions.get(name);
                int own = region == null ? 0 : region.quota.limit();
                if (own == 0) {
                    return 0;
                }
                limit += own;
            }
            return limit;
        }
    }

    @Override
    public RemoteEnd run(RemoteJob job) throws JobFailure, IOException, InterruptedException {
        return new BuildJob(this, job).run();
    }

    /** The part of the lane in a region, which is made when it is first used. */
    RegionLane region(String name) {
        synchronized (regions) {
            return regions.computeIfAbsent(
                    name,
                    region ->
                            new RegionLane(
                                    new AwsPlace(
                                            region,
                                            settings.endpoint(),
                                            settings.profile(),
                                            around.keys()),
                                    settings,
                                    new BuildStarter.Tools(
                                            times,
                                            around.clock(),
                                            around.ticker(),
                                            around.random()),
                                    around.bundle()));
        }
    }

    /** The region to try after this one. */
    String after(String region) {
        List<String> all = settings.regions();
        return all.get((all.indexOf(region) + 1) % all.size());
    }

    boolean hasOtherRegions() {
        return settings.regions().size() > 1;
    }

    /** What came of the calls to AWS, by region; nothing for a region that was not used yet. */
    public Map<String, List<AwsCalls.Count>> calls() {
        Map<String, List<AwsCalls.Count>> all = new LinkedHashMap<>();
        synchronized (regions) {
            regions.forEach((name, region) -> all.put(name, region.clients.calls().counts()));
        }
        return all;
    }

    /** This month's costs, for metrics. */
    public CostBook costs() {
        return costs;
    }

    CodeBuildSettings settings() {
        return settings;
    }

    LaneTimes times() {
        return times;
    }

    String manager() {
        return around.manager();
    }

    Ticker ticker() {
        return around.ticker();
    }

    ArtifactStore store() {
        return around.store();
    }

    /** The environment of git. */
    Map<String, String> environment() {
        return around.environment();
    }

    Optional<CacheTools.Remote> caches() {
        return around.caches();
    }

    Map<String, String> labels() {
        return around.labels();
    }

    int finalRounds() {
        return around.finalRounds();
    }

    InstantSource clock() {
        return around.clock();
    }

    @Override
    public void close() {
        keeper.ifPresent(LaneKeeper::close);
        synchronized (regions) {
            regions.values().forEach(RegionLane::close);
            regions.clear();
        }
    }
}
