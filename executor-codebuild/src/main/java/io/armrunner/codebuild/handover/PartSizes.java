package io.armrunner.codebuild.handover;

/**
 * How files become objects of S3: at once, or in parts.
 *
 * @param largestPut bytes in one request; what is larger goes in parts
 * @param part bytes of a part, as long as there are not too many
 */
public record PartSizes(long largestPut, long part) {
    /** S3 takes 5 GiB in one request; parts of 64 MiB are sent again quickly when one is lost. */
    public static final PartSizes S3 = new PartSizes(5L << 30, 64 << 20);

    /** S3 takes no more parts. */
    private static final int MOST_PARTS = 10_000;

    /** Whether a file of this size goes in parts. */
    public boolean isInParts(long size) {
        return size > largestPut;
    }

    /** The size of all parts but the last. */
    public long partOf(long size) {
        return Math.max(part, Math.ceilDiv(size, MOST_PARTS));
    }
}
