package io.armrunner.trace;

import java.util.Collection;

/**
 * Finds any of a set of phrases in bytes, each byte looked at once (Aho-Corasick). Immutable,
 * shared by all chains.
 *
 * <p>Edges are lists of children: some 25 bytes a state, where a dense table would take a kilobyte.
 * Only the root, where a log spends nearly all its time, has a row for every byte.
 */
final class Automaton {
    static final int ROOT = 0;

    private final int[] root = new int[256];
    private final int[] firstChild;
    private final int[] nextSibling;
    private final byte[] label;
    private final int[] fallback;
    private final int[] depth;
    private final int[] match;
    private int size = 1;

    Automaton(Collection<byte[]> phrases) {
        int states = 1;
        for (byte[] phrase : phrases) {
            states += phrase.length;
        }
        firstChild = new int[states];
        nextSibling = new int[states];
        label = new byte[states];
        fallback = new int[states];
        depth = new int[states];
        match = new int[states];
        for (byte[] phrase : phrases) {
            add(phrase);
        }
        link();
    }

    private void add(byte[] phrase) {
        int state = ROOT;
        for (byte b : phrase) {
            int child = child(state, b);
            if (child == ROOT) {
                child = size++;
                label[child] = b;
                depth[child] = depth[state] + 1;
                nextSibling[child] = firstChild[state];
                firstChild[state] = child;
                if (state == ROOT) {
                    root[b & 0xff] = child;
                }
            }
            state = child;
        }
        match[state] = depth[state];
    }

    /**
     * Breadth first: the fallback of a state is always nearer to the root, so it is complete when
     * it is needed.
     */
    private void link() {
        int[] queue = new int[size];
        int tail = 0;
        for (int child = firstChild[ROOT]; child != ROOT; child = nextSibling[child]) {
            queue[tail++] = child;
        }
        for (int head = 0; head < tail; head++) {
            int state = queue[head];
            if (match[state] == 0) {
                match[state] = match[fallback[state]];
            }
            for (int child = firstChild[state]; child != ROOT; child = nextSibling[child]) {
                fallback[child] = step(fallback[state], label[child]);
                queue[tail++] = child;
            }
        }
    }

    private int child(int state, byte b) {
        if (state == ROOT) {
            return root[b & 0xff];
        }
        int child = firstChild[state];
        while (child != ROOT && label[child] != b) {
            child = nextSibling[child];
        }
        return child;
    }

    int step(int from, byte b) {
        int state = from;
        while (state != ROOT) {
            int child = child(state, b);
            if (child != ROOT) {
                return child;
            }
            state = fallback[state];
        }
        return root[b & 0xff];
    }

    /** The first position at or after {@code from} whose byte can begin a phrase, or {@code to}. */
    int skip(byte[] bytes, int from, int to) {
        int position = from;
        while (position < to && root[bytes[position] & 0xff] == ROOT) {
            position++;
        }
        return position;
    }

    /** How many of the last bytes may be the beginning of a phrase. */
    int depth(int state) {
        return depth[state];
    }

    /** The length of the longest phrase that ends here, or 0. */
    int match(int state) {
        return match[state];
    }

    /** The state that another automaton gave the number, as far as this one has it. */
    int known(int state) {
        return state >= 0 && state < size ? state : ROOT;
    }

    boolean isEmpty() {
        return size == 1;
    }
}
