package io.armrunner.codebuild.fake;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * The time of the fake: begins with the real one and may run faster, so that a build of a minute
 * takes a second. Thread-safe.
 */
public final class AwsTime implements InstantSource {
    private final InstantSource real;
    private final Instant start;
    private final double speed;

    AwsTime(InstantSource real, double speed) {
        this.real = real;
        this.start = real.instant();
        this.speed = speed;
    }

    @Override
    public Instant instant() {
        long passed = Duration.between(start, real.instant()).toNanos();
        return start.plusNanos((long) (passed * speed));
    }

    /** How long that much of the fake's time really takes. */
    public Duration real(Duration duration) {
        return Duration.ofNanos((long) (duration.toNanos() / speed));
    }
}
