package io.armrunner.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;

/**
 * Reads the central directory of a zip file entry by entry, in little memory. What an archive
 * claims of itself is checked before anybody believes it. Used by one thread.
 */
final class ZipDirectory {
    private static final int END = 22;
    private static final int MAX_COMMENT = 0xffff;
    private static final int HEADER = 46;
    private static final int LOCAL = 30;
    private static final int WINDOW = 64 * 1024;
    // Deflate makes at most 1032 bytes of one; more is a lie or an attack.
    private static final long MOST_INFLATION = 1032;
    private static final int MAX_NAME = 0xffff;

    /**
     * One entry.
     *
     * @param mode Unix type and permissions, made up for archives from elsewhere
     * @param modified seconds since 1970, or -1 if the archive does not say
     * @param uid the owner, or -1; {@code gid} the same
     */
    record Entry(
            String name,
            int method,
            long crc,
            long packed,
            long size,
            long offset,
            int mode,
            long modified,
            int uid,
            int gid) {
        boolean isDirectory() {
            return (mode & 0170000) == 0040000;
        }

        boolean isLink() {
            return (mode & 0170000) == 0120000;
        }

        boolean isRegular() {
            return (mode & 0170000) == 0100000;
        }
    }

    private final FileChannel file;
    private final long fileSize;
    private final long start;
    private final long size;
    private final long count;
    private final ByteBuffer window = buffer(WINDOW + HEADER + 3 * MAX_NAME);
    private long position;
    private long read;
    private long seen;

    private ZipDirectory(FileChannel file, long start, long size, long count) throws IOException {
        this.file = file;
        this.fileSize = file.size();
        this.start = start;
        this.size = size;
        this.count = count;
        if (start < 0 || size < 0 || count < 0 || start > fileSize - size) {
            throw new ArchiveException("the zip file's directory is not where it should be");
        }
        if (count > size / HEADER) {
            throw new ArchiveException(
                    "the zip file claims %d entries in a directory of %d bytes"
                            .formatted(count, size));
        }
        rewind();
    }

    /** Finds the directory; {@code file} stays the caller's. */
    static ZipDirectory open(FileChannel file) throws IOException {
        long fileSize = file.size();
        int length = (int) Math.min(fileSize, END + MAX_COMMENT);
        ByteBuffer tail = buffer(length);
        readFully(file, tail, fileSize - length);
        for (int at = length - END; at >= 0; at--) {
            if (tail.getInt(at) == 0x06054b50 && at + END + u16(tail, at + 20) == length) {
                long count = u16(tail, at + 10);
                long size = u32(tail, at + 12);
                long start = u32(tail, at + 16);
                if (at >= 20 && tail.getInt(at - 20) == 0x07064b50) {
                    return wide(file, tail.getLong(at - 12));
                }
                return new ZipDirectory(file, start, size, count);
            }
        }
        throw new ArchiveException("it is no zip file, or its end is missing");
    }

    private static ZipDirectory wide(FileChannel file, long at) throws IOException {
        ByteBuffer end = buffer(56);
        if (at < 0 || at > file.size() - end.capacity()) {
            throw new ArchiveException("the zip file's 64-bit end is not where it should be");
        }
        readFully(file, end, at);
        if (end.getInt(0) != 0x06064b50) {
            throw new ArchiveException("the zip file's 64-bit end is broken");
        }
        return new ZipDirectory(file, end.getLong(48), end.getLong(40), end.getLong(32));
    }

    /** Begins again with the first entry. */
    void rewind() {
        position = 0;
        seen = 0;
        read = 0;
        window.clear().limit(0);
    }

    /** The next entry, or null behind the last one. */
    @Nullable Entry next() throws IOException {
        if (seen == count) {
            return null;
        }
        need(HEADER);
        int at = window.position();
        if (window.getInt(at) != 0x02014b50) {
            throw broken("has no header");
        }
        int nameLength = u16(window, at + 28);
        int extraLength = u16(window, at + 30);
        int commentLength = u16(window, at + 32);
        int whole = HEADER + nameLength + extraLength + commentLength;
        need(whole);
        at = window.position();
        byte[] raw = new byte[nameLength];
        window.get(at + HEADER, raw);
        String name = new String(raw, UTF_8);
        Entry entry = entry(at, name, at + HEADER + nameLength, extraLength);
        window.position(at + whole);
        position += whole;
        seen++;
        check(entry, u16(window, at + 8));
        return entry;
    }

    private Entry entry(int at, String name, int extra, int extraLength) throws IOException {
        long packed = u32(window, at + 20);
        long unpacked = u32(window, at + 24);
        long offset = u32(window, at + 42);
        long modified = -1;
        int uid = -1;
        int gid = -1;
        int end = extra + extraLength;
        for (int field = extra; field + 4 <= end; ) {
            int id = u16(window, field);
            int length = u16(window, field + 2);
            int data = field + 4;
            if (data + length > end) {
                break;
            }
            if (id == 1) {
                int from = data;
                if (unpacked == ZipHeaders.MAX_32 && from + 8 <= data + length) {
                    unpacked = window.getLong(from);
                    from += 8;
                }
                if (packed == ZipHeaders.MAX_32 && from + 8 <= data + length) {
                    packed = window.getLong(from);
                    from += 8;
                }
                if (offset == ZipHeaders.MAX_32 && from + 8 <= data + length) {
                    offset = window.getLong(from);
                }
            } else if (id == 0x5455 && length >= 5 && (window.get(data) & 1) != 0) {
                modified = window.getInt(data + 1);
            } else if (id == 0x7875
                    && length == 11
                    && window.get(data + 1) == 4
                    && window.get(data + 6) == 4) {
                uid = window.getInt(data + 2);
                gid = window.getInt(data + 7);
            }
            field = data + length;
        }
        return new Entry(
                name,
                u16(window, at + 10),
                u32(window, at + 16),
                packed,
                unpacked,
                offset,
                mode(u16(window, at + 4) >> 8, u16(window, at + 40), name),
                modified,
                uid,
                gid);
    }

    private static int mode(int madeBy, int attributes, String name) {
        boolean unix = madeBy == 3 || madeBy == 19;
        if (unix && attributes != 0) {
            // A type is missing in some archives: permissions alone.
            int type = attributes & 0170000;
            int assumed = name.endsWith("/") ? 0040000 : 0100000;
            return type == 0 ? assumed | attributes : attributes;
        }
        return name.endsWith("/") ? 0040755 : 0100644;
    }

    private void check(Entry entry, int flags) throws IOException {
        if ((flags & 1) != 0) {
            throw new ArchiveException(entry.name() + " is encrypted");
        }
        if (entry.packed() < 0
                || entry.size() < 0
                || entry.offset() < 0
                || entry.packed() > fileSize
                || entry.offset() > fileSize - LOCAL) {
            throw new ArchiveException(entry.name() + " claims to lie outside of the archive");
        }
        boolean stored = entry.method() == ZipHeaders.STORED;
        // Zstandard has no such bound: what it makes is counted while it is made.
        long most = entry.method() == ZipHeaders.ZSTD ? Long.MAX_VALUE : MOST_INFLATION;
        if (stored ? entry.size() != entry.packed() : entry.size() / most > entry.packed()) {
            throw new ArchiveException(
                    "%s claims to have %d bytes, made of %d"
                            .formatted(entry.name(), entry.size(), entry.packed()));
        }
    }

    /** Where the contents of an entry begin. */
    static long contents(FileChannel file, Entry entry) throws IOException {
        ByteBuffer local = buffer(LOCAL);
        readFully(file, local, entry.offset());
        if (local.getInt(0) != 0x04034b50) {
            throw new ArchiveException(entry.name() + " is not where the archive says");
        }
        long at = entry.offset() + LOCAL + u16(local, 26) + u16(local, 28);
        if (at > file.size() - entry.packed()) {
            throw new ArchiveException(entry.name() + " reaches beyond the end of the archive");
        }
        return at;
    }

    private void need(int bytes) throws IOException {
        if (window.remaining() >= bytes) {
            return;
        }
        window.compact();
        long left = size - read;
        int want = (int) Math.min(left, window.remaining());
        window.limit(window.position() + want);
        while (window.hasRemaining()) {
            int n = file.read(window, start + read);
            if (n < 0) {
                throw broken("ends too early");
            }
            read += n;
        }
        window.flip();
        if (window.remaining() < bytes) {
            throw broken("is too short");
        }
    }

    private ArchiveException broken(String what) {
        return new ArchiveException(
                "entry %d of %d in the zip file's directory, at byte %d, %s"
                        .formatted(seen + 1, count, position, what));
    }

    private static ByteBuffer buffer(int capacity) {
        return ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void readFully(FileChannel file, ByteBuffer into, long from) throws IOException {
        while (into.hasRemaining()) {
            if (file.read(into, from + into.position()) < 0) {
                throw new ArchiveException("the zip file is shorter than it says");
            }
        }
        into.rewind();
    }

    private static int u16(ByteBuffer bytes, int at) {
        return bytes.getShort(at) & 0xffff;
    }

    private static long u32(ByteBuffer bytes, int at) {
        return bytes.getInt(at) & ZipHeaders.MAX_32;
    }
}
