package io.armrunner.trace;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;

/**
 * Puts GitLab's 32-byte header before each piece of a line (job-semantics §5.4).
 *
 * <p>A line longer than {@link #LONGEST} is cut there, between two characters, whether it came in
 * one write or in many; so only carriage returns at the end of a write make a difference, as
 * progress bars must be seen at once.
 */
final class LineStamps implements Filter {
    static final int HEADER = 32;

    /** 8 KiB with the header: what a piece may hold before its newline. */
    static final int LONGEST = 8 * 1024 - HEADER;

    private static final byte[] NEWLINE = {'\n'};

    private final Pieces pieces;
    private final InstantSource clock;
    private final byte[] header = "0000-00-00T00:00:00.000000Z 00O ".getBytes(US_ASCII);
    private long headerSecond = Long.MIN_VALUE;
    private int headerMicro = -1;

    /** The piece that has begun, behind its header. */
    private byte[] held = new byte[0];

    private int heldLength;
    private boolean heldReturn;
    private boolean continuation;

    LineStamps(int stream, InstantSource clock, Pieces pieces) {
        this.pieces = pieces;
        this.clock = clock;
        header[28] = (byte) Character.forDigit(stream >> 4, 16);
        header[29] = (byte) Character.forDigit(stream & 15, 16);
    }

    /**
     * Whether a piece of a line that begins at {@code at} goes on with the piece before. A log
     * without stamps has none of these.
     */
    static boolean isContinuation(byte[] log, int at) {
        return at + HEADER <= log.length
                && log[at + 10] == 'T'
                && log[at + 26] == 'Z'
                && log[at + 27] == ' '
                && log[at + 31] == '+';
    }

    /** Which of the writer's outputs the next pieces are of: {@code O}, or {@code E} for errors. */
    void letter(char letter) {
        header[30] = (byte) letter;
    }

    /** Called before the bytes of one write: they were all written at the same time. */
    void beginWrite() {
        Instant now = clock.instant();
        long second = now.getEpochSecond();
        if (second != headerSecond) {
            headerSecond = second;
            LocalDateTime time = LocalDateTime.ofEpochSecond(second, 0, ZoneOffset.UTC);
            digits(0, 4, time.getYear());
            digits(5, 2, time.getMonthValue());
            digits(8, 2, time.getDayOfMonth());
            digits(11, 2, time.getHour());
            digits(14, 2, time.getMinute());
            digits(17, 2, time.getSecond());
        }
        int micro = now.getNano() / 1000;
        if (micro != headerMicro) {
            headerMicro = micro;
            digits(20, 6, micro);
        }
    }

    private void digits(int at, int count, int number) {
        int rest = number;
        for (int index = at + count - 1; index >= at; index--) {
            header[index] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        int at = offset;
        int end = offset + length;
        while (at < end) {
            int newline = newline(bytes, at, end);
            int room = LONGEST - (heldLength == 0 ? 0 : heldLength - HEADER);
            if (newline - at > room) {
                int cut = characterStart(bytes, at + room);
                piece(bytes, at, cut);
                pieces.add(NEWLINE, 0, 1);
                pieces.endPiece();
                continuation = true;
                at = cut;
            } else if (newline < end) {
                piece(bytes, at, newline + 1);
                pieces.endPiece();
                continuation = false;
                at = newline + 1;
            } else {
                hold(bytes, at, end);
                at = end;
            }
        }
    }

    private static int newline(byte[] bytes, int from, int end) {
        int at = from;
        while (at < end && bytes[at] != '\n') {
            at++;
        }
        return at;
    }

    /**
     * The UTF-8 filter before this one gives whole characters, so there is a start at or after the
     * write's own.
     */
    private static int characterStart(byte[] bytes, int from) {
        int at = from;
        while ((bytes[at] & 0xc0) == 0x80) {
            at--;
        }
        return at;
    }

    private void piece(byte[] bytes, int from, int to) {
        if (heldLength == 0) {
            header[31] = (byte) (continuation ? '+' : ' ');
            pieces.add(header, 0, HEADER);
        } else {
            pieces.add(held, 0, heldLength);
            heldLength = 0;
            heldReturn = false;
        }
        pieces.add(bytes, from, to - from);
    }

    private void hold(byte[] bytes, int from, int to) {
        int needed = Math.max(HEADER, heldLength) + to - from;
        if (held.length < needed) {
            held = Arrays.copyOf(held, Math.min(Math.max(256, needed * 2), HEADER + LONGEST));
        }
        if (heldLength == 0) {
            // The time of the piece is the time of its first byte.
            header[31] = (byte) (continuation ? '+' : ' ');
            System.arraycopy(header, 0, held, 0, HEADER);
            heldLength = HEADER;
        }
        System.arraycopy(bytes, from, held, heldLength, to - from);
        for (int index = from; index < to && !heldReturn; index++) {
            heldReturn = bytes[index] == '\r';
        }
        heldLength = needed;
    }

    /** Called after the bytes of one write: shows at once what a carriage return is in. */
    void endWrite() {
        if (heldReturn) {
            giveOut();
            continuation = true;
        }
    }

    private void giveOut() {
        pieces.add(held, 0, heldLength);
        pieces.add(NEWLINE, 0, 1);
        pieces.endPiece();
        heldLength = 0;
        heldReturn = false;
    }

    /** The filters before this one gave out what they held; the line that has begun goes on. */
    @Override
    public void flush() {
        endWrite();
    }

    /** The end of the writer: a rest without a newline gets one, and what follows is a new line. */
    void end() {
        if (heldLength > 0) {
            giveOut();
        }
        continuation = false;
    }

    @Override
    public void save(DataOutputStream out) throws IOException {
        out.writeShort(heldLength);
        out.write(held, 0, heldLength);
        out.writeBoolean(heldReturn);
        out.writeBoolean(continuation);
    }

    @Override
    public void restore(DataInputStream in) throws IOException {
        heldLength = in.readUnsignedShort();
        held = in.readNBytes(heldLength);
        heldReturn = in.readBoolean();
        continuation = in.readBoolean();
    }
}
