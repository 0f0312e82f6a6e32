package io.armrunner.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * What a look at some files finds without reading them: equal stamps mean that nothing was written,
 * replaced or removed in between. Links are followed, so a link to another file is a change too.
 * Immutable.
 */
public record FileStamps(Map<Path, Stamp> all) {
    public FileStamps {
        all = Map.copyOf(all);
    }

    /**
     * One file.
     *
     * @param key the file's number on its disk, which an editor changes that renames into place
     * @param size in bytes, -1 when there is no such file
     */
    public record Stamp(String key, FileTime modified, long size) {
        private static final Stamp NONE = new Stamp("", FileTime.fromMillis(0), -1);

        private static Stamp of(Path file) {
            try {
                BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
                return new Stamp(
                        Objects.toString(found.fileKey(), ""),
                        found.lastModifiedTime(),
                        found.size());
            } catch (IOException e) {
                // Whoever reads it says why it can't be read.
                return NONE;
            }
        }
    }

    /** These stamps for the files of {@code later}; its own for those that are not among these. */
    public FileStamps forFilesOf(FileStamps later) {
        Map<Path, Stamp> merged = new HashMap<>(later.all());
        merged.replaceAll((file, stamp) -> all.getOrDefault(file, stamp));
        return new FileStamps(merged);
    }

    /** Looks at the files: one system call for each. */
    public static FileStamps of(Collection<Path> files) {
        Map<Path, Stamp> all = new HashMap<>();
        files.forEach(file -> all.put(file, Stamp.of(file)));
        return new FileStamps(all);
    }
}
