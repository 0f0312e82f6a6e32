package io.armrunner.files;

/**
 * Guesses cheaply whether bytes are worth compressing. Random-looking data (archives, pictures,
 * encrypted files) costs deflate the most time and gives nothing. Pure functions.
 */
final class Compressible {
    private static final int WINDOW = 1024;
    private static final int WINDOWS = 4;
    // Of 4096 random bytes each value comes 16 times; the sum of squared distances over 16 is 255
    // on average with a deviation of 23. Text is in the ten thousands, compressed data with its
    // headers below 400.
    private static final double RANDOM_LIKE = 420;
    // As far as deflate looks back.
    private static final int REACH = 32 * 1024;
    // One of 256 bytes begins a place that is looked up; one in 8 of them must be known.
    private static final int MARK = 0x5a;
    private static final int TABLE_BITS = 10;
    private static final int ALIKE = 8;

    private Compressible() {}

    /** Whether compressing these bytes may make them noticeably smaller. */
    static boolean test(byte[] bytes, int start, int length) {
        if (length < WINDOW * WINDOWS) {
            return true;
        }
        int[] counts = new int[256];
        for (int window = 0; window < WINDOWS; window++) {
            int from = start + (int) ((long) (length - WINDOW) * window / (WINDOWS - 1));
            for (int i = from; i < from + WINDOW; i++) {
                counts[bytes[i] & 0xff]++;
            }
        }
        double expected = WINDOW * WINDOWS / 256.0;
        double distance = 0;
        for (int count : counts) {
            distance += (count - expected) * (count - expected) / expected;
        }
        return distance > RANDOM_LIKE || repeats(bytes, start, length);
    }

    // Random bytes that come again within deflate's reach: so do the places that begin with a
    // certain byte, and these are few.
    private static boolean repeats(byte[] bytes, int start, int length) {
        int[] table = new int[1 << TABLE_BITS];
        int reach = Math.min(length - ALIKE, REACH);
        int limit = start + reach;
        int found = 0;
        for (int i = start + 1; i < limit; i++) {
            if (bytes[i] == MARK) {
                int hash = hash(bytes, i + 1);
                int before = table[hash];
                if (before > 0 && same(bytes, before, i)) {
                    found++;
                }
                table[hash] = i;
            }
        }
        return found > reach / 256 / 8;
    }

    private static int hash(byte[] bytes, int at) {
        int four =
                (bytes[at] & 0xff)
                        | (bytes[at + 1] & 0xff) << 8
                        | (bytes[at + 2] & 0xff) << 16
                        | bytes[at + 3] << 24;
        return (four * 0x9e3779b1) >>> (32 - TABLE_BITS);
    }

    private static boolean same(byte[] bytes, int one, int other) {
        for (int i = 0; i < ALIKE; i++) {
            if (bytes[one + i] != bytes[other + i]) {
                return false;
            }
        }
        return true;
    }
}
