package io.armrunner.files;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * Writes a tar file compressed by Zstandard as a whole ({@code CACHE_COMPRESSION_FORMAT: tarzstd},
 * job-semantics §7.4) on the calling thread. A file that changes meanwhile gets a warning; one that
 * shrinks is filled up with zeros, as tar does it.
 */
public final class TarZstdPacker {
    private static final int COPY = 64 * 1024;

    private final CompressionLevel level;

    public TarZstdPacker(CompressionLevel level) {
        this.level = level;
    }

    /**
     * Writes the archive; {@code out} stays open.
     *
     * @param entries relative to {@code root}, in the order of the archive; parents are not added
     * @throws IOException when a file cannot be read, or {@code out} takes no more
     */
    public void pack(Path root, List<Path> entries, OutputStream out, ArchiveListener listener)
            throws IOException {
        byte[] buffer = new byte[COPY];
        try (TarArchiveOutputStream tar =
                new TarArchiveOutputStream(
                        new ZstdOutputStreamNoFinalizer(new OpenStream(out), ZstdLevel.of(level)),
                        "UTF-8")) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
            tar.setAddPaxHeadersForNonAsciiNames(true);
            for (Path relative : entries) {
                Path path = root.resolve(relative);
                String name = PathNames.text(relative);
                try {
                    add(path, name, FileStatus.of(path), tar, buffer, listener);
                } catch (NoSuchFileException e) {
                    listener.warning(name + ": vanished before it was packed");
                }
            }
        }
    }

    private static void add(
            Path path,
            String name,
            FileStatus status,
            TarArchiveOutputStream tar,
            byte[] buffer,
            ArchiveListener listener)
            throws IOException {
        if (status.isDirectory()) {
            tar.putArchiveEntry(entry(name + "/", TarConstants.LF_DIR, status));
            tar.closeArchiveEntry();
        } else if (status.isLink()) {
            TarArchiveEntry link = entry(name, TarConstants.LF_SYMLINK, status);
            link.setLinkName(PathNames.text(Files.readSymbolicLink(path)));
            tar.putArchiveEntry(link);
            tar.closeArchiveEntry();
        } else if (status.isRegular()) {
            try (InputStream in = Files.newInputStream(path, LinkOption.NOFOLLOW_LINKS)) {
                TarArchiveEntry file = entry(name, TarConstants.LF_NORMAL, status);
                file.setSize(status.size());
                tar.putArchiveEntry(file);
                content(in, name, status.size(), tar, buffer, listener);
                tar.closeArchiveEntry();
            }
            if (!status.equals(FileStatus.of(path))) {
                listener.warning(name + ": file changed as it was packed");
            }
        }
    }

    private static void content(
            InputStream in,
            String name,
            long size,
            TarArchiveOutputStream tar,
            byte[] buffer,
            ArchiveListener listener)
            throws IOException {
        for (long done = 0; done < size; ) {
            int most = (int) Math.min(buffer.length, size - done);
            int got = in.readNBytes(buffer, 0, most);
            Arrays.fill(buffer, got, most, (byte) 0);
            if (done == 0) {
                listener.file(name, buffer, Math.min(most, ArchiveListener.HEAD));
            }
            tar.write(buffer, 0, most);
            done += most;
        }
    }

    private static TarArchiveEntry entry(String name, byte type, FileStatus status) {
        TarArchiveEntry entry = new TarArchiveEntry(name, type);
        entry.setMode(status.mode());
        entry.setIds(status.uid(), status.gid());
        entry.setModTime(status.modified().to(TimeUnit.SECONDS) * 1000);
        return entry;
    }
}
