package io.armrunner.files;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/**
 * Writes files as gzip members one behind the other, the form of most reports (job-semantics §6.4).
 * Blocks the calling thread; reports are small.
 */
public final class GzipMembers {
    private static final int COPY = 16 * 1024;

    private GzipMembers() {}

    /**
     * Fails if there is anything but regular files: to be called before a byte is sent.
     *
     * @throws LocalFileException naming the first other one
     */
    public static void check(Path root, List<Path> files) throws LocalFileException {
        for (Path file : files) {
            if (!Files.isRegularFile(root.resolve(file), LinkOption.NOFOLLOW_LINKS)) {
                throw new LocalFileException(
                        "the \"%s\" is not a regular file".formatted(PathNames.text(file)));
            }
        }
    }

    /** Writes all files; {@code out} stays open. */
    public static void write(Path root, List<Path> files, CompressionLevel level, OutputStream out)
            throws IOException {
        for (Path file : files) {
            write(root.resolve(file), PathNames.text(file), level, out);
        }
    }

    private static void write(Path path, String name, CompressionLevel level, OutputStream out)
            throws IOException {
        try (InputStream in = opened(path, name)) {
            long modified = Files.getLastModifiedTime(path).to(TimeUnit.SECONDS);
            String base = name.substring(name.lastIndexOf('/') + 1);
            LittleEndian head = new LittleEndian(64);
            head.u16(0x8b1f).u8(8).u8(0x08 | 0x10);
            head.u32(modified == (int) modified ? modified : 0).u8(extra(level)).u8(255);
            head.bytes(text(base)).u8(0).bytes(text(name)).u8(0);
            out.write(head.array(), 0, head.size());
            CRC32 crc = new CRC32();
            long size = 0;
            Deflater deflater = new Deflater(level.deflate(), true);
            try {
                DeflaterOutputStream packed = new DeflaterOutputStream(out, deflater, COPY);
                byte[] piece = new byte[COPY];
                for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                    crc.update(piece, 0, n);
                    packed.write(piece, 0, n);
                    size += n;
                }
                packed.finish();
            } finally {
                deflater.end();
            }
            LittleEndian tail = new LittleEndian(8);
            tail.u32(crc.getValue()).u32(size);
            out.write(tail.array(), 0, tail.size());
        }
    }

    private static InputStream opened(Path path, String name) throws LocalFileException {
        try {
            return Files.newInputStream(path, LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw new LocalFileException(
                    "%s could not be packed: %s".formatted(name, e.getMessage()), e);
        }
    }

    private static int extra(CompressionLevel level) {
        return switch (level) {
            case SLOWEST -> 2;
            case FAST -> 4;
            case FASTEST, DEFAULT, SLOW -> 0;
        };
    }

    /** Header fields are Latin-1 without zero; anything else is escaped, and says so. */
    private static byte[] text(String text) {
        if (text.chars().allMatch(c -> c > 0 && c < 0x80 && c != '%')) {
            return text.getBytes(ISO_8859_1);
        }
        StringBuilder escaped = new StringBuilder("e:");
        for (byte b : text.getBytes(UTF_8)) {
            char c = (char) (b & 0xff);
            if (c < 0x80 && (Character.isLetterOrDigit(c) || "-_.~$&+:=@".indexOf(c) >= 0)) {
                escaped.append(c);
            } else {
                escaped.append('%')
                        .append(Character.toUpperCase(Character.forDigit(c >> 4, 16)))
                        .append(Character.toUpperCase(Character.forDigit(c & 15, 16)));
            }
        }
        return escaped.toString().getBytes(ISO_8859_1);
    }
}
