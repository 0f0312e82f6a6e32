package io.armrunner.codebuild.fake;

import java.util.UUID;
import java.util.random.RandomGenerator;

/** Random names and numbers, from one source that a test can seed. Thread-safe. */
final class Names {
    private static final String LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private static final String ALL = LETTERS + "abcdefghijklmnopqrstuvwxyz0123456789";

    private final RandomGenerator random;

    Names(RandomGenerator random) {
        this.random = random;
    }

    String upper(int length) {
        return text(LETTERS, length);
    }

    String word(int length) {
        return text(ALL, length);
    }

    private synchronized String text(String alphabet, int length) {
        StringBuilder out = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            out.append(alphabet.charAt(random.nextInt(alphabet.length())));
        }
        return out.toString();
    }

    /** A UUID of version 4. */
    synchronized String uuid() {
        long high = (random.nextLong() & ~0xf000L) | 0x4000L;
        long low = (random.nextLong() & ~(0xcL << 60)) | (0x8L << 60);
        return new UUID(high, low).toString();
    }

    synchronized double between(double low, double high) {
        return low + random.nextDouble() * (high - low);
    }

    synchronized int below(int bound) {
        return random.nextInt(bound);
    }
}
