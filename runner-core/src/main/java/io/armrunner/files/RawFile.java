package io.armrunner.files;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;

/** One file sent as it is: the form of the other reports (job-semantics §6.4). */
public final class RawFile {
    private static final int COPY = 16 * 1024;

    private RawFile() {}

    /**
     * The only file of the list: to be called before a byte is sent.
     *
     * @throws LocalFileException when there are more, or it is no regular file
     */
    public static Path only(Path root, List<Path> files) throws LocalFileException {
        if (files.size() != 1) {
            throw new LocalFileException(
                    "only one file can be sent as raw, and there are " + files.size());
        }
        GzipMembers.check(root, files);
        return root.resolve(files.getFirst());
    }

    /** Copies it; {@code out} stays open. */
    public static void write(Path file, OutputStream out) throws IOException {
        try (InputStream in = opened(file)) {
            byte[] piece = new byte[COPY];
            for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                out.write(piece, 0, n);
            }
        }
    }

    private static InputStream opened(Path file) throws LocalFileException {
        try {
            return Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw new LocalFileException(file + " could not be read: " + e.getMessage(), e);
        }
    }
}
