package io.armrunner.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;

/**
 * The bytes around the contents of a zip file: local headers, descriptors, central directory, its
 * end; with Unix modes, times, owners and 64-bit sizes where they are needed (job-semantics §6.4).
 * Collects the central directory as entries go by; used by one thread.
 */
final class ZipHeaders {
    static final int STORED = 0;
    static final int DEFLATED = 8;
    static final int ZSTD = 93;
    static final long MAX_32 = 0xffffffffL;

    private static final int DESCRIPTOR = 1 << 3;
    private static final int UTF_8_NAMES = 1 << 11;
    private static final int MADE_BY_UNIX = 3 << 8 | 45;
    private static final int MAX_16 = 0xffff;
    // Below this a stored or deflated file stays below 4 GiB whatever deflate adds.
    private static final long SURELY_32 = MAX_32 - (MAX_32 >> 8);

    // Where these stand in a local header.
    private static final int METHOD_AT = 8;
    private static final int CRC_AT = 14;
    private static final int PACKED_AT = 18;
    private static final int SIZE_AT = 22;

    private final LittleEndian buffer = new LittleEndian(512);
    private final LittleEndian central = new LittleEndian(4096);
    private long entries;

    /**
     * An entry on its way into the archive.
     *
     * @param offset where its local header begins
     * @param streamed whether sizes and checksum follow behind the contents
     */
    record Entry(String name, FileStatus status, int method, long offset, boolean streamed) {
        /** Whether sizes behind the contents may need more than 32 bits. */
        boolean large() {
            return streamed && status.size() > SURELY_32;
        }
    }

    /** The header in front of the contents; 0 as sizes and checksum of a streamed one. */
    LittleEndian local(Entry entry, long crc, long packed, long size) {
        buffer.clear();
        local(buffer, entry);
        if (!entry.large()) {
            known(buffer, 0, entry.method(), crc, packed, size);
        }
        return buffer;
    }

    /** Appends a local header that tells no sizes yet. */
    static void local(LittleEndian to, Entry entry) {
        byte[] name = entry.name().getBytes(UTF_8);
        LittleEndian extra = times(entry);
        if (entry.large()) {
            extra.u16(1).u16(16).u64(0).u64(0);
        }
        to.u32(0x04034b50);
        common(to, entry, name);
        to.u32(0);
        to.u32(entry.large() ? MAX_32 : 0).u32(entry.large() ? MAX_32 : 0);
        to.u16(name.length).u16(extra.size()).bytes(name).bytes(extra);
    }

    /** Completes the local header that begins there. */
    static void known(LittleEndian in, int at, int method, long crc, long packed, long size) {
        in.u16At(at + METHOD_AT, method);
        in.u32At(at + CRC_AT, crc);
        in.u32At(at + PACKED_AT, packed);
        in.u32At(at + SIZE_AT, size);
    }

    /** What follows the contents of a streamed entry. */
    LittleEndian descriptor(Entry entry, long crc, long packed, long size) {
        buffer.clear();
        buffer.u32(0x08074b50).u32(crc);
        return entry.large() ? buffer.u64(packed).u64(size) : buffer.u32(packed).u32(size);
    }

    /** Notes a finished entry for the central directory. */
    void finished(Entry entry, long crc, long packed, long size) {
        byte[] name = entry.name().getBytes(UTF_8);
        LittleEndian extra = times(entry);
        boolean wideSizes = entry.large() || packed >= MAX_32 || size >= MAX_32;
        boolean wideOffset = entry.offset() >= MAX_32;
        if (wideSizes || wideOffset) {
            extra.u16(1).u16((wideSizes ? 16 : 0) + (wideOffset ? 8 : 0));
            if (wideSizes) {
                extra.u64(size).u64(packed);
            }
            if (wideOffset) {
                extra.u64(entry.offset());
            }
        }
        buffer.clear();
        buffer.u32(0x02014b50).u16(MADE_BY_UNIX);
        common(buffer, entry, name);
        buffer.u32(crc);
        buffer.u32(wideSizes ? MAX_32 : packed).u32(wideSizes ? MAX_32 : size);
        buffer.u16(name.length).u16(extra.size()).u16(0).u16(0).u16(0);
        // Attributes: those of DOS in the lower half, the Unix mode in the upper one.
        buffer.u16(entry.status().isDirectory() ? 0x10 : 0).u16(entry.status().mode());
        buffer.u32(wideOffset ? MAX_32 : entry.offset());
        central.bytes(buffer).bytes(name).bytes(extra);
        entries++;
    }

    /** The central directory and the end of the archive. */
    LittleEndian end(long offset) {
        long size = central.size();
        boolean wide = entries >= MAX_16 || offset >= MAX_32;
        if (wide) {
            long at = offset + size;
            central.u32(0x06064b50).u64(44).u16(MADE_BY_UNIX).u16(45).u32(0).u32(0);
            central.u64(entries).u64(entries).u64(size).u64(offset);
            central.u32(0x07064b50).u32(0).u64(at).u32(1);
        }
        int count = wide ? MAX_16 : (int) entries;
        central.u32(0x06054b50).u16(0).u16(0).u16(count).u16(count);
        return central.u32(size).u32(wide ? MAX_32 : offset).u16(0);
    }

    // Version needed, flags, method, time: the same in both headers.
    private static void common(LittleEndian buffer, Entry entry, byte[] name) {
        // In UTF-8 only ASCII takes one byte a character.
        boolean ascii = entry.name().length() == name.length;
        LocalDateTime time =
                LocalDateTime.ofInstant(entry.status().modified().toInstant(), ZoneOffset.UTC);
        buffer.u16(entry.large() ? 45 : 20);
        buffer.u16((entry.streamed() ? DESCRIPTOR : 0) | (ascii ? 0 : UTF_8_NAMES));
        buffer.u16(entry.method());
        if (time.getYear() < 1980) {
            buffer.u16(0).u16(1 << 5 | 1);
        } else {
            int year = Math.min(time.getYear() - 1980, 127);
            buffer.u16(time.getHour() << 11 | time.getMinute() << 5 | time.getSecond() >> 1);
            buffer.u16(year << 9 | time.getMonthValue() << 5 | time.getDayOfMonth());
        }
    }

    private static LittleEndian times(Entry entry) {
        LittleEndian extra = new LittleEndian(48);
        long seconds = entry.status().modified().to(TimeUnit.SECONDS);
        if (seconds == (int) seconds) {
            extra.u16(0x5455).u16(5).u8(1).u32(seconds);
        }
        extra.u16(0x7875).u16(11).u8(1);
        return extra.u8(4).u32(entry.status().uid()).u8(4).u32(entry.status().gid());
    }
}
