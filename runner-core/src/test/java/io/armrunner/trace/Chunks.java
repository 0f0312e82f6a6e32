package io.armrunner.trace;

import java.util.random.RandomGenerator;

/**
 * Writes bytes in pieces of random size, each from an array of its own with something around it.
 */
final class Chunks {
    interface Target {
        void write(byte[] bytes, int offset, int length);
    }

    private Chunks() {}

    static void write(byte[] bytes, RandomGenerator random, int longest, Target target) {
        int at = 0;
        while (at < bytes.length) {
            int length = Math.min(bytes.length - at, 1 + random.nextInt(longest));
            byte[] around = new byte[length + 6];
            random.nextBytes(around);
            System.arraycopy(bytes, at, around, 3, length);
            target.write(around, 3, length);
            random.nextBytes(around);
            at += length;
        }
    }
}
