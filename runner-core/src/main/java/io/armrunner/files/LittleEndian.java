package io.armrunner.files;

import java.util.Arrays;

/** A growing array in the byte order of zip files. */
final class LittleEndian {
    private byte[] bytes;
    private int size;

    LittleEndian(int capacity) {
        bytes = new byte[capacity];
    }

    LittleEndian u16(int value) {
        room(2);
        bytes[size++] = (byte) value;
        bytes[size++] = (byte) (value >>> 8);
        return this;
    }

    LittleEndian u32(long value) {
        return u16((int) value & 0xffff).u16((int) (value >>> 16) & 0xffff);
    }

    LittleEndian u64(long value) {
        return u32(value).u32(value >>> 32);
    }

    LittleEndian u8(int value) {
        room(1);
        bytes[size++] = (byte) value;
        return this;
    }

    LittleEndian bytes(byte[] more) {
        room(more.length);
        System.arraycopy(more, 0, bytes, size, more.length);
        size += more.length;
        return this;
    }

    LittleEndian bytes(LittleEndian more) {
        room(more.size);
        System.arraycopy(more.bytes, 0, bytes, size, more.size);
        size += more.size;
        return this;
    }

    /** Overwrites what stands there. */
    void u16At(int at, int value) {
        bytes[at] = (byte) value;
        bytes[at + 1] = (byte) (value >>> 8);
    }

    /** Overwrites what stands there. */
    void u32At(int at, long value) {
        u16At(at, (int) value & 0xffff);
        u16At(at + 2, (int) (value >>> 16) & 0xffff);
    }

    /** Makes room behind the end, without moving the end; {@link #array} may be another then. */
    void room(int more) {
        if (size + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(size + more, bytes.length * 2));
        }
    }

    /** Moves the end: over what was written to {@link #array} behind it, or back. */
    void end(int at) {
        size = at;
    }

    byte[] array() {
        return bytes;
    }

    int size() {
        return size;
    }

    void clear() {
        size = 0;
    }
}
