package io.armrunner.spec;

import org.jspecify.annotations.Nullable;

/** The archive of an earlier job. */
public record ArtifactsFile(String filename, long size) {
    /** What stands for an absent one. */
    public static final ArtifactsFile EMPTY = new ArtifactsFile(null, 0);

    public ArtifactsFile(@Nullable String filename, long size) {
        this.filename = Absent.string(filename);
        this.size = size;
    }
}
