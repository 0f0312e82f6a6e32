package io.armrunner.files;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * Puts the contents of a tar file compressed by Zstandard over a directory (job-semantics §6.7), on
 * the calling thread. As it is a stream, what comes before a bad entry is already there when that
 * is found. Links and attributes of directories come last: a link from the archive cannot send a
 * file elsewhere. Special files and hard links are passed over, as nobody packs them.
 */
final class TarZstdExtractor {
    private static final int BUFFER = 64 * 1024;

    private record Later(ZipDirectory.Entry entry, String clean, String link) {}

    /**
     * Extracts everything.
     *
     * @throws ArchiveException when the archive is broken, or an entry would lie outside
     * @throws IOException when a file cannot be written
     */
    void extract(Path archive, Path directory) throws IOException {
        Files.createDirectories(directory);
        Target target = new Target(directory);
        List<Later> later = new ArrayList<>();
        try (InputStream file = new BufferedInputStream(Files.newInputStream(archive), BUFFER);
                TarArchiveInputStream tar =
                        new TarArchiveInputStream(new ZstdInputStreamNoFinalizer(file), "UTF-8")) {
            for (TarArchiveEntry entry = next(tar); entry != null; entry = next(tar)) {
                String clean = target.clean(entry.getName());
                if (clean.isEmpty()) {
                    continue;
                }
                ZipDirectory.Entry attributes = attributes(entry);
                if (entry.isDirectory()) {
                    target.directory(clean);
                    later.add(new Later(attributes, clean, ""));
                } else if (entry.isSymbolicLink()) {
                    later.add(new Later(attributes, clean, entry.getLinkName()));
                } else if (entry.isFile() && !entry.isLink()) {
                    Path path = target.place(clean);
                    write(tar, path, clean);
                    Target.attributes(path, attributes);
                }
            }
        }
        for (Later link : later) {
            if (!link.link().isEmpty()) {
                Files.createSymbolicLink(target.place(link.clean()), Path.of(link.link()));
            }
        }
        // The deepest first: writing into a directory changes its time.
        for (Later made : later.reversed()) {
            if (made.link().isEmpty()) {
                Target.attributes(PathNames.resolve(directory, made.clean()), made.entry());
            }
        }
    }

    private static @org.jspecify.annotations.Nullable TarArchiveEntry next(
            TarArchiveInputStream tar) throws IOException {
        try {
            return tar.getNextEntry();
        } catch (ClosedByInterruptException e) {
            throw e;
        } catch (IOException e) {
            throw damaged(e);
        }
    }

    private static void write(InputStream tar, Path path, String clean) throws IOException {
        byte[] piece = new byte[BUFFER];
        try (OutputStream out =
                Files.newOutputStream(
                        path,
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.WRITE,
                        LinkOption.NOFOLLOW_LINKS)) {
            for (int n = read(tar, piece, clean); n >= 0; n = read(tar, piece, clean)) {
                out.write(piece, 0, n);
            }
        }
    }

    private static int read(InputStream tar, byte[] piece, String clean) throws IOException {
        try {
            return tar.read(piece);
        } catch (ClosedByInterruptException e) {
            throw e;
        } catch (IOException e) {
            throw new ArchiveException(clean + " is damaged in the archive", e);
        }
    }

    private static ArchiveException damaged(IOException cause) {
        return new ArchiveException("the tar.zst archive is damaged: " + cause.getMessage(), cause);
    }

    private static ZipDirectory.Entry attributes(TarArchiveEntry entry) {
        return new ZipDirectory.Entry(
                entry.getName(),
                ZipHeaders.STORED,
                0,
                entry.getSize(),
                entry.getSize(),
                0,
                entry.getMode(),
                entry.getLastModifiedTime().toInstant().getEpochSecond(),
                (int) entry.getLongUserId(),
                (int) entry.getLongGroupId());
    }
}
