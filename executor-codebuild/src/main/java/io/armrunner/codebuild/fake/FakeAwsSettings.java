package io.armrunner.codebuild.fake;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * How a fake AWS is to be.
 *
 * @param directory where builds have theirs; what is made in it is removed again
 * @param region the usual one; any other can be used as well
 * @param speed how much faster than real its time runs: 1, or 100 for tests
 * @param quota how many builds of a size may run at once unless told otherwise; AWS gives a new
 *     account 1
 * @param environment what the processes of a build find, PATH at least; CodeBuild's own variables
 *     come on top
 * @param work what goes on inside builds
 */
public record FakeAwsSettings(
        Path directory,
        String region,
        double speed,
        int quota,
        Map<String, String> environment,
        BuildWork work,
        InstantSource clock,
        RandomGenerator random) {
    public FakeAwsSettings {
        environment = Map.copyOf(environment);
    }

    /** Real processes, 20 builds at once, Paris. */
    public static FakeAwsSettings of(
            Path directory, Map<String, String> environment, RandomGenerator random) {
        return new FakeAwsSettings(
                directory,
                "eu-west-3",
                1,
                20,
                environment,
                new ShellWork(),
                InstantSource.system(),
                random);
    }

    public FakeAwsSettings withRegion(String other) {
        return new FakeAwsSettings(
                directory, other, speed, quota, environment, work, clock, random);
    }

    public FakeAwsSettings withEnvironment(Map<String, String> other) {
        return new FakeAwsSettings(directory, region, speed, quota, other, work, clock, random);
    }

    public FakeAwsSettings withSpeed(double factor) {
        return new FakeAwsSettings(
                directory, region, factor, quota, environment, work, clock, random);
    }

    public FakeAwsSettings withQuota(int builds) {
        return new FakeAwsSettings(
                directory, region, speed, builds, environment, work, clock, random);
    }

    public FakeAwsSettings withWork(BuildWork other) {
        return new FakeAwsSettings(
                directory, region, speed, quota, environment, other, clock, random);
    }

    /** Its clock need not be that of who calls. */
    public FakeAwsSettings withClock(InstantSource other) {
        return new FakeAwsSettings(
                directory, region, speed, quota, environment, work, other, random);
    }
}
