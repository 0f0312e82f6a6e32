package io.armrunner.files;

/** What the words for a compression level mean to Zstandard. Pure functions. */
final class ZstdLevel {
    private ZstdLevel() {}

    // The levels that zstd's makers call fast, default, better and best for use on the fly.
    static int of(CompressionLevel level) {
        return switch (level) {
            case FASTEST, FAST -> 1;
            case DEFAULT -> 3;
            case SLOW -> 7;
            case SLOWEST -> 11;
        };
    }
}
