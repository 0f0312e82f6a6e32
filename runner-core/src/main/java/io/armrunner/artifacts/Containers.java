package io.armrunner.artifacts;

import com.github.luben.zstd.ZstdInputStream;
import io.armrunner.files.ZipHeads;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.BiConsumer;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * Finds native files inside of archives: zip files of any name (wheels, jars), tar archives plain
 * or compressed, Debian packages. One level deep. Of a zip file only the beginnings of its entries
 * are unpacked; a compressed tar archive has to be unpacked from its beginning, up to a limit.
 */
final class Containers {
    // Seconds of work; what is larger is told as not looked into.
    private static final long MOST_UNPACKED = 512L << 20;
    // The dictionary of xz -9 has 64 MiB; a job's archive must not take more of the manager.
    private static final int XZ_MEMORY_KIB = 80 * 1024;
    private static final int BUFFER = 64 * 1024;

    private enum Kind {
        ZIP,
        TAR,
        GZIP,
        XZ,
        ZSTD,
        DEB,
        OTHER
    }

    private Containers() {}

    /** Whether a file is an archive that {@link #scan} reads. */
    static boolean isOne(String name, byte[] head, int length) {
        return kind(name, head, length) != Kind.OTHER;
    }

    private static Kind kind(String name, byte[] head, int length) {
        if (starts(head, length, 'P', 'K', 3, 4)) {
            return Kind.ZIP;
        }
        if (name.endsWith(".deb") && starts(head, length, '!', '<', 'a', 'r', 'c', 'h', '>')) {
            return Kind.DEB;
        }
        if (name.endsWith(".tar")) {
            return Kind.TAR;
        }
        if (!name.contains(".tar.")
                && !name.endsWith(".tgz")
                && !name.endsWith(".txz")
                && !name.endsWith(".tzst")) {
            return Kind.OTHER;
        }
        return compression(head, length);
    }

    private static Kind compression(byte[] head, int length) {
        if (starts(head, length, 0x1f, 0x8b)) {
            return Kind.GZIP;
        }
        if (starts(head, length, 0xfd, '7', 'z', 'X', 'Z', 0)) {
            return Kind.XZ;
        }
        return starts(head, length, 0x28, 0xb5, 0x2f, 0xfd) ? Kind.ZSTD : Kind.OTHER;
    }

    private static boolean starts(byte[] head, int length, int... wanted) {
        if (length < wanted.length) {
            return false;
        }
        for (int i = 0; i < wanted.length; i++) {
            if ((head[i] & 0xff) != wanted[i]) {
                return false;
            }
        }
        return true;
    }

    /**
     * Tells of each native file in an archive.
     *
     * @param found gets the name, {@code lib.whl!/a/b.so}, and the machine
     * @return why it could not be read, or nothing
     */
    static String scan(Path file, String name, BiConsumer<String, String> found) {
        try (FileChannel channel =
                        FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
                InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER)) {
            in.mark(BUFFER);
            byte[] head = in.readNBytes(ElfHead.LENGTH);
            in.reset();
            Kind kind = kind(name, head, head.length);
            if (kind == Kind.ZIP) {
                zip(channel, name, found);
            } else if (kind == Kind.DEB) {
                deb(in, name, found);
            } else {
                tar(in, kind, name, found);
            }
            return "";
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static void zip(FileChannel channel, String name, BiConsumer<String, String> found)
            throws IOException {
        ZipHeads.read(
                channel,
                ElfHead.LENGTH,
                (entry, head, length) ->
                        ElfHead.machine(head, length)
                                .ifPresent(machine -> found.accept(name + "!/" + entry, machine)));
    }

    private static void tar(
            InputStream in, Kind kind, String name, BiConsumer<String, String> found)
            throws IOException {
        try (InputStream plain = unpacked(in, kind)) {
            TarHeads.read(
                    plain,
                    MOST_UNPACKED,
                    (entry, head, length) ->
                            ElfHead.machine(head, length)
                                    .ifPresent(
                                            machine -> found.accept(name + "!/" + entry, machine)));
        }
    }

    private static InputStream unpacked(InputStream in, Kind kind) throws IOException {
        return switch (kind) {
            case GZIP -> new BufferedInputStream(new GZIPInputStream(in, BUFFER), BUFFER);
            case XZ -> new BufferedInputStream(new XZInputStream(in, XZ_MEMORY_KIB), BUFFER);
            case ZSTD -> new BufferedInputStream(new ZstdInputStream(in), BUFFER);
            case TAR, ZIP, DEB, OTHER -> in;
        };
    }

    /** A Debian package is an ar archive; its files are in the member {@code data.tar…}. */
    private static void deb(InputStream in, String name, BiConsumer<String, String> found)
            throws IOException {
        in.skipNBytes(8);
        while (true) {
            byte[] header = in.readNBytes(60);
            if (header.length < 60) {
                throw new EOFException("it has no data.tar");
            }
            String member = new String(header, 0, 16, StandardCharsets.US_ASCII).strip();
            long size;
            try {
                size =
                        Long.parseLong(
                                new String(header, 48, 10, StandardCharsets.US_ASCII).strip());
            } catch (NumberFormatException e) {
                throw new IOException("a member has no size: " + member, e);
            }
            if (member.startsWith("data.tar")) {
                in.mark(BUFFER);
                byte[] head = in.readNBytes(8);
                in.reset();
                Kind kind = compression(head, head.length);
                tar(in, kind == Kind.OTHER ? Kind.TAR : kind, name, found);
                return;
            }
            in.skipNBytes(size + (size & 1));
        }
    }
}
