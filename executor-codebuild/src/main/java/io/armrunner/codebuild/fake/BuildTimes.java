package io.armrunner.codebuild.fake;

import java.time.Duration;
import java.util.Optional;

/** How long the phases before and after the commands take, as measured in 2026. */
final class BuildTimes {
    private final Names names;

    private volatile Optional<Duration> slow = Optional.empty();

    BuildTimes(Names names) {
        this.names = names;
    }

    Duration queued() {
        return Duration.ofMillis(200);
    }

    /** Every machine takes so long to come up from now on. */
    void provisioning(Duration ordered) {
        slow = Optional.of(ordered);
    }

    Duration provisioning(boolean privileged, boolean customImage) {
        if (slow.isPresent()) {
            return slow.get();
        }
        return seconds(names.between(2, 4) + (privileged ? 3.5 : 0) + (customImage ? 2.5 : 0));
    }

    /** Nobody has measured it; AWS says that it is quicker. */
    Duration provisioningOnLambda() {
        return seconds(names.between(1, 2));
    }

    Duration finalizing() {
        return seconds(names.between(1, 4));
    }

    private static Duration seconds(double seconds) {
        return Duration.ofMillis((long) (seconds * 1000));
    }
}
