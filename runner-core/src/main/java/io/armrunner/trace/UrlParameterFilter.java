package io.armrunner.trace;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * Replaces the values of URL parameters that are credentials (job-semantics §5.6.2).
 *
 * <p>The key stays in the log, so nothing is ever held back.
 */
final class UrlParameterFilter implements Filter {
    private static final Automaton KEYS = keys();

    private enum Where {
        TEXT,
        KEY,
        VALUE_START,
        VALUE
    }

    private final Filter next;
    private Where where = Where.TEXT;
    private int state = Automaton.ROOT;

    UrlParameterFilter(Filter next) {
        this.next = next;
    }

    /**
     * The keys with their equals sign and without what stands before, which the filter looks for
     * itself.
     */
    private static Automaton keys() {
        return new Automaton(
                List.of(
                                "private_token=",
                                "authenticity_token=",
                                "rss_token=",
                                "x-amz-signature=",
                                "x-amz-credential=",
                                "x-amz-security-token=")
                        .stream()
                        .map(key -> key.toLowerCase(Locale.ROOT).getBytes(US_ASCII))
                        .toList());
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        int end = offset + length;
        int plain = offset;
        int at = offset;
        while (at < end) {
            if (where == Where.TEXT) {
                at = skipToParameter(bytes, at, end);
                if (at == end) {
                    break;
                }
            }
            byte b = bytes[at];
            boolean separator = b == '?' || b == '&';
            switch (where) {
                case TEXT, KEY -> {
                    key(b, separator);
                }
                case VALUE_START, VALUE -> {
                    if (separator || (b >= 0 && b <= ' ') || b == 0x7f) {
                        plain = where == Where.VALUE ? at : plain;
                        where = separator ? Where.KEY : Where.TEXT;
                        state = Automaton.ROOT;
                    } else if (where == Where.VALUE_START) {
                        next.write(bytes, plain, at - plain);
                        next.write(Masks.MASKED, 0, Masks.MASKED.length);
                        where = Where.VALUE;
                    }
                }
            }
            at++;
        }
        if (where != Where.VALUE && plain < end) {
            next.write(bytes, plain, end - plain);
        }
    }

    private void key(byte b, boolean separator) {
        if (separator) {
            where = Where.KEY;
            state = Automaton.ROOT;
            return;
        }
        byte lower = b >= 'A' && b <= 'Z' ? (byte) (b + ('a' - 'A')) : b;
        int before = KEYS.depth(state);
        state = KEYS.step(state, lower);
        if (KEYS.depth(state) != before + 1) {
            // Only a key that begins right behind the separator counts.
            where = Where.TEXT;
            state = Automaton.ROOT;
        } else if (KEYS.match(state) > 0) {
            where = Where.VALUE_START;
        }
    }

    private static int skipToParameter(byte[] bytes, int from, int end) {
        int at = from;
        while (at < end && bytes[at] != '?' && bytes[at] != '&') {
            at++;
        }
        return at;
    }

    @Override
    public void flush() {
        where = Where.TEXT;
        state = Automaton.ROOT;
        next.flush();
    }

    @Override
    public void save(DataOutputStream out) throws IOException {
        out.writeUTF(where.name());
        out.writeInt(state);
        next.save(out);
    }

    @Override
    public void restore(DataInputStream in) throws IOException {
        where = Where.valueOf(in.readUTF());
        state = KEYS.known(in.readInt());
        next.restore(in);
    }
}
