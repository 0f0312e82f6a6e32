package io.armrunner.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Writes a zip file whose files are compressed by Zstandard ({@code CACHE_COMPRESSION_FORMAT:
 * zipzstd}, job-semantics §7.4), one after the other on the calling thread. A file that changes,
 * shrinks or vanishes meanwhile gets a warning; the archive stays whole.
 */
public final class ZipZstdPacker {
    private static final int COPY = 64 * 1024;

    private final CompressionLevel level;

    public ZipZstdPacker(CompressionLevel level) {
        this.level = level;
    }

    /**
     * Writes the archive; {@code out} stays open.
     *
     * @param entries relative to {@code root}, in the order of the archive; parents are not added
     * @throws LocalFileException when a file cannot be read
     * @throws IOException when {@code out} takes no more
     */
    public void pack(Path root, List<Path> entries, OutputStream out, ArchiveListener listener)
            throws IOException {
        OpenStream counted = new OpenStream(out);
        ZipHeaders headers = new ZipHeaders();
        byte[] buffer = new byte[COPY];
        for (Path relative : entries) {
            Path path = root.resolve(relative);
            String name = PathNames.text(relative);
            try {
                FileStatus status = FileStatus.of(path);
                if (status.isDirectory()) {
                    plain(name + "/", status, new byte[0], headers, counted);
                } else if (status.isLink()) {
                    byte[] target = PathNames.text(Files.readSymbolicLink(path)).getBytes(UTF_8);
                    plain(name, status, target, headers, counted);
                } else if (status.isRegular()) {
                    try (InputStream in = Files.newInputStream(path, LinkOption.NOFOLLOW_LINKS)) {
                        file(in, name, status, headers, counted, buffer, listener);
                    }
                    warnIfChanged(path, name, status, listener);
                }
            } catch (NoSuchFileException e) {
                listener.warning(name + ": vanished before or while it was packed");
            }
        }
        write(headers.end(counted.count()), counted);
    }

    private static void plain(
            String name, FileStatus status, byte[] content, ZipHeaders headers, OpenStream out)
            throws IOException {
        CRC32 crc = new CRC32();
        crc.update(content);
        var entry = new ZipHeaders.Entry(name, status, ZipHeaders.STORED, out.count(), false);
        write(headers.local(entry, crc.getValue(), content.length, content.length), out);
        out.write(content);
        headers.finished(entry, crc.getValue(), content.length, content.length);
    }

    private void file(
            InputStream in,
            String name,
            FileStatus status,
            ZipHeaders headers,
            OpenStream out,
            byte[] buffer,
            ArchiveListener listener)
            throws IOException {
        var entry = new ZipHeaders.Entry(name, status, ZipHeaders.ZSTD, out.count(), true);
        write(headers.local(entry, 0, 0, 0), out);
        long begin = out.count();
        long size = 0;
        CRC32 crc = new CRC32();
        try (ZstdOutputStreamNoFinalizer packed =
                new ZstdOutputStreamNoFinalizer(new OpenStream(out), ZstdLevel.of(level))) {
            while (size < status.size()) {
                int most = (int) Math.min(buffer.length, status.size() - size);
                int got = in.readNBytes(buffer, 0, most);
                if (got == 0) {
                    break;
                }
                if (size == 0) {
                    listener.file(name, buffer, Math.min(got, ArchiveListener.HEAD));
                }
                crc.update(buffer, 0, got);
                packed.write(buffer, 0, got);
                size += got;
            }
        }
        long length = out.count() - begin;
        write(headers.descriptor(entry, crc.getValue(), length, size), out);
        headers.finished(entry, crc.getValue(), length, size);
    }

    static void warnIfChanged(Path path, String name, FileStatus before, ArchiveListener listener)
            throws IOException {
        if (!before.isStillThatOf(path)) {
            listener.warning(name + ": file changed as it was packed");
        }
    }

    private static void write(LittleEndian bytes, OutputStream out) throws IOException {
        out.write(bytes.array(), 0, bytes.size());
    }
}
