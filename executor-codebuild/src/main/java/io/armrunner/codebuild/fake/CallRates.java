package io.armrunner.codebuild.fake;

import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;

/** How often operations may be called, as AWS limits them: a bucket of tokens each. Thread-safe. */
final class CallRates {
    private final InstantSource time;
    private final Map<String, Bucket> buckets = new HashMap<>();

    /** Guarded by the lock of all. */
    private static final class Bucket {
        private final double perSecond;
        private final int burst;
        private double left;
        private Instant at;

        Bucket(double perSecond, int burst, Instant at) {
            this.perSecond = perSecond;
            this.burst = burst;
            this.left = burst;
            this.at = at;
        }

        boolean take(Instant now) {
            double seconds = (now.toEpochMilli() - at.toEpochMilli()) / 1000.0;
            at = now;
            left = Math.min(burst, left + seconds * perSecond);
            if (left < 1) {
                return false;
            }
            left--;
            return true;
        }
    }

    CallRates(InstantSource time) {
        this.time = time;
    }

    synchronized void limit(String call, double perSecond, int burst) {
        buckets.put(call, new Bucket(perSecond, burst, time.instant()));
    }

    /** Refuses a call that comes too soon. */
    synchronized void check(String call) throws ServiceError {
        Bucket bucket = buckets.get(call);
        if (bucket != null && !bucket.take(time.instant())) {
            throw new ServiceError(400, "ThrottlingException", "Rate exceeded");
        }
    }
}
