package io.armrunner.trace;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;

/**
 * Replaces masked phrases by {@code [MASKED]} (job-semantics §5.6.1).
 *
 * <p>Every occurrence counts, those that lie inside or across others too: phrases that overlap
 * become one {@code [MASKED]}, phrases that only touch become two. Held back are the bytes at the
 * end that may begin a phrase, no more.
 */
final class PhraseFilter implements Filter {
    private final Automaton phrases;
    private final Filter next;
    private int state = Automaton.ROOT;

    /** How many bytes came so far; the positions below count from the first of them. */
    private long position;

    /**
     * All before this one is given out, or lies in a phrase whose {@code [MASKED]} is given out.
     */
    private long done;

    /** The last {@code depth(state)} bytes before {@link #position}. */
    private byte[] held = new byte[0];

    private int heldLength;

    /** Phrases found but not given out: disjoint, in order. */
    private long[] starts = new long[8];

    private long[] ends = new long[8];
    private int found;

    PhraseFilter(Automaton phrases, Filter next) {
        this.phrases = phrases;
        this.next = next;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        if (phrases.isEmpty()) {
            next.write(bytes, offset, length);
            return;
        }
        int end = offset + length;
        long base = position - offset;
        int at = offset;
        int current = state;
        while (at < end) {
            if (current == Automaton.ROOT) {
                at = phrases.skip(bytes, at, end);
                if (at == end) {
                    break;
                }
            }
            current = phrases.step(current, bytes[at++]);
            int matched = phrases.match(current);
            if (matched > 0) {
                phrase(base + at - matched, base + at);
                if (found == starts.length) {
                    giveOut(base + at - phrases.depth(current), bytes, offset);
                }
            }
        }
        state = current;
        giveOut(base + end - phrases.depth(state), bytes, offset);
        hold(bytes, offset, length, phrases.depth(state));
        position += length;
    }

    private void phrase(long from, long to) {
        if (from < done) {
            // Overlaps one that is already out: the same [MASKED] stands for both.
            done = to;
            found = 0;
            return;
        }
        long start = from;
        while (found > 0 && ends[found - 1] > from) {
            start = Math.min(start, starts[--found]);
        }
        if (found == starts.length) {
            starts = Arrays.copyOf(starts, found * 2);
            ends = Arrays.copyOf(ends, found * 2);
        }
        starts[found] = start;
        ends[found++] = to;
    }

    /** Gives out all before {@code limit}: no phrase that is still to come begins there. */
    private void giveOut(long limit, byte[] bytes, int offset) {
        int used = 0;
        while (used < found && starts[used] < limit) {
            plain(done, starts[used], bytes, offset);
            next.write(Masks.MASKED, 0, Masks.MASKED.length);
            done = ends[used++];
        }
        if (used > 0) {
            System.arraycopy(starts, used, starts, 0, found - used);
            System.arraycopy(ends, used, ends, 0, found - used);
            found -= used;
        }
        if (done < limit) {
            plain(done, limit, bytes, offset);
            done = limit;
        }
    }

    /** Positions before {@link #position} are in {@link #held}, the others in the piece at hand. */
    private void plain(long from, long to, byte[] bytes, int offset) {
        long start = from;
        if (start < position) {
            long stop = Math.min(to, position);
            next.write(held, heldLength - (int) (position - start), (int) (stop - start));
            start = stop;
        }
        if (start < to) {
            next.write(bytes, offset + (int) (start - position), (int) (to - start));
        }
    }

    private void hold(byte[] bytes, int offset, int length, int keep) {
        if (held.length < keep) {
            held = Arrays.copyOf(held, Math.max(64, keep * 2));
        }
        int old = Math.max(0, keep - length);
        System.arraycopy(held, heldLength - old, held, 0, old);
        System.arraycopy(bytes, offset + length - (keep - old), held, old, keep - old);
        heldLength = keep;
    }

    @Override
    public void flush() {
        giveOut(position, held, 0);
        state = Automaton.ROOT;
        heldLength = 0;
        next.flush();
    }

    @Override
    public void save(DataOutputStream out) throws IOException {
        out.writeShort(heldLength);
        out.write(held, 0, heldLength);
        out.writeLong(done - position);
        out.writeShort(found);
        for (int index = 0; index < found; index++) {
            out.writeLong(starts[index] - position);
            out.writeLong(ends[index] - position);
        }
        next.save(out);
    }

    @Override
    public void restore(DataInputStream in) throws IOException {
        heldLength = in.readUnsignedShort();
        held = in.readNBytes(heldLength);
        position = 0;
        done = in.readLong();
        found = in.readUnsignedShort();
        starts = new long[Math.max(8, found)];
        ends = new long[starts.length];
        for (int index = 0; index < found; index++) {
            starts[index] = in.readLong();
            ends[index] = in.readLong();
        }
        next.restore(in);
        state = Automaton.ROOT;
        for (int at = 0; at < heldLength; at++) {
            state = phrases.step(state, held[at]);
        }
        // A newer version may look for other forms: what none of them begins with is given out.
        giveOut(-phrases.depth(state), held, 0);
        hold(new byte[0], 0, 0, phrases.depth(state));
    }
}
