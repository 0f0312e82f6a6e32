package io.armrunner.files;

import java.util.Optional;

/**
 * How much time goes into making an archive smaller: the words of {@code
 * ARTIFACT_COMPRESSION_LEVEL} and {@code CACHE_COMPRESSION_LEVEL} (job-semantics §6.4).
 */
public enum CompressionLevel {
    /** Not at all: entries can be served in ranges, as GitLab Pages does. */
    FASTEST(0, 0),
    FAST(1, 1),
    // Libdeflate's 4 makes the size of zlib's 5, its 5 takes half as long again for a percent.
    DEFAULT(5, 4),
    SLOW(7, 7),
    SLOWEST(9, 9);

    private final int deflate;
    private final int libdeflate;

    CompressionLevel(int deflate, int libdeflate) {
        this.deflate = deflate;
        this.libdeflate = libdeflate;
    }

    /** The level of deflate; 0 stores. */
    int deflate() {
        return deflate;
    }

    /** What comes nearest among the levels of {@link Libdeflate}. */
    int libdeflate() {
        return libdeflate;
    }

    /** The level that a job's variable names; the default, and a warning, if it names none. */
    public static CompressionLevel of(
            HelperEnvironment environment, String variable, HelperLines lines) {
        String word = environment.get(variable);
        Optional<CompressionLevel> level = of(word);
        if (level.isEmpty()) {
            lines.warning(
                    "%s \"%s\" is not known, using the default: fastest, fast, default, slow and slowest are"
                            .formatted(variable, word));
        }
        return level.orElse(DEFAULT);
    }

    /** The level of a word; an empty one is the default, an unknown one nothing. */
    public static Optional<CompressionLevel> of(String word) {
        return switch (word) {
            case "", "default" -> Optional.of(DEFAULT);
            case "fastest" -> Optional.of(FASTEST);
            case "fast" -> Optional.of(FAST);
            case "slow" -> Optional.of(SLOW);
            case "slowest" -> Optional.of(SLOWEST);
            default -> Optional.empty();
        };
    }
}
