package io.armrunner.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Map;

/**
 * What the system says of a file itself, never of what a link points to.
 *
 * @param mode type and permissions, setuid, setgid and sticky bit included
 * @param modified in the system's own precision
 */
record FileStatus(int mode, int uid, int gid, long size, FileTime modified) {
    private static final int TYPE = 0170000;

    static FileStatus of(Path path) throws IOException {
        Map<String, Object> all =
                Files.readAttributes(
                        path, "unix:mode,uid,gid,size,lastModifiedTime", LinkOption.NOFOLLOW_LINKS);
        return new FileStatus(
                (Integer) value(all, "mode"),
                (Integer) value(all, "uid"),
                (Integer) value(all, "gid"),
                (Long) value(all, "size"),
                (FileTime) value(all, "lastModifiedTime"));
    }

    /**
     * Whether a file has its size and time of then, as far as the system tells; not if it is gone.
     */
    boolean isStillThatOf(Path path) throws IOException {
        try {
            BasicFileAttributes now =
                    Files.readAttributes(
                            path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return now.isRegularFile()
                    && now.size() == size
                    && now.lastModifiedTime().equals(modified);
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private static Object value(Map<String, Object> all, String name) {
        Object value = all.get(name);
        if (value == null) {
            throw new IllegalStateException("this system tells no " + name + " of a file");
        }
        return value;
    }

    boolean isRegular() {
        return (mode & TYPE) == 0100000;
    }

    boolean isDirectory() {
        return (mode & TYPE) == 0040000;
    }

    boolean isLink() {
        return (mode & TYPE) == 0120000;
    }
}
