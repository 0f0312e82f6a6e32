package io.armrunner.trace;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/**
 * Replaces each byte that is not part of a UTF-8 character by U+FFFD (runner-protocol §4.8).
 *
 * <p>One U+FFFD a byte, as GitLab Runner has it. What may still become a character is held back:
 * three bytes at most. The next step gets whole characters only.
 */
final class Utf8Filter implements Filter {
    private static final byte[] REPLACEMENT = {(byte) 0xef, (byte) 0xbf, (byte) 0xbd};

    private final Filter next;
    private final byte[] held = new byte[8];
    private int heldLength;

    Utf8Filter(Filter next) {
        this.next = next;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        int at = offset;
        int end = offset + length;
        while (heldLength > 0 && at < end) {
            held[heldLength++] = bytes[at++];
            settleHeld();
        }
        repair(bytes, at, end);
    }

    /**
     * Decides over the held bytes as far as it can be done; afterwards they may be the start of a
     * character.
     */
    private void settleHeld() {
        while (heldLength > 0) {
            int size = characterAt(held, 0, heldLength);
            if (size == 0) {
                return;
            }
            if (size < 0) {
                next.write(REPLACEMENT, 0, REPLACEMENT.length);
            } else {
                next.write(held, 0, size);
            }
            int used = Math.max(1, size);
            heldLength -= used;
            System.arraycopy(held, used, held, 0, heldLength);
        }
    }

    private void repair(byte[] bytes, int from, int end) {
        int plain = from;
        int at = from;
        while (at < end) {
            if (bytes[at] >= 0) {
                at++;
                continue;
            }
            int size = characterAt(bytes, at, end);
            if (size > 0) {
                at += size;
                continue;
            }
            if (at > plain) {
                next.write(bytes, plain, at - plain);
            }
            if (size == 0) {
                heldLength = end - at;
                System.arraycopy(bytes, at, held, 0, heldLength);
                return;
            }
            next.write(REPLACEMENT, 0, REPLACEMENT.length);
            plain = ++at;
        }
        if (at > plain) {
            next.write(bytes, plain, at - plain);
        }
    }

    /**
     * The size of the character that begins here; 0 when it is cut off by {@code end}, -1 when it
     * is none.
     */
    private static int characterAt(byte[] bytes, int at, int end) {
        int first = bytes[at] & 0xff;
        if (first < 0x80) {
            return 1;
        }
        if (first < 0xc2 || first > 0xf4) {
            return -1;
        }
        int size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        for (int index = 1; index < size; index++) {
            if (at + index == end) {
                return 0;
            }
            int b = bytes[at + index] & 0xff;
            // The second byte rules out over-long forms, surrogates and what lies beyond U+10FFFF.
            int low = index > 1 ? 0x80 : first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
            int high = index > 1 ? 0xbf : first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
            if (b < low || b > high) {
                return -1;
            }
        }
        return size;
    }

    @Override
    public void flush() {
        for (int index = 0; index < heldLength; index++) {
            next.write(REPLACEMENT, 0, REPLACEMENT.length);
        }
        heldLength = 0;
        next.flush();
    }

    @Override
    public void save(DataOutputStream out) throws IOException {
        out.writeByte(heldLength);
        out.write(held, 0, heldLength);
        next.save(out);
    }

    @Override
    public void restore(DataInputStream in) throws IOException {
        heldLength = in.readUnsignedByte();
        in.readFully(held, 0, heldLength);
        next.restore(in);
    }
}
