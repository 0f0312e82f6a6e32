package io.armrunner.trace;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/**
 * Keeps the prefix of a token and replaces what follows (job-semantics §5.6.3).
 *
 * <p>The prefix stays in the log, so nothing is ever held back.
 */
final class TokenFilter implements Filter {
    private static final boolean[] TOKEN = tokenCharacters();

    private enum Where {
        TEXT,
        PREFIX,
        TOKEN
    }

    private final Automaton prefixes;
    private final Filter next;
    private Where where = Where.TEXT;
    private int state = Automaton.ROOT;

    TokenFilter(Automaton prefixes, Filter next) {
        this.prefixes = prefixes;
        this.next = next;
    }

    private static boolean[] tokenCharacters() {
        boolean[] table = new boolean[256];
        for (char c = 0; c < 128; c++) {
            table[c] =
                    (c >= '0' && c <= '9')
                            || (c >= 'A' && c <= 'Z')
                            || (c >= 'a' && c <= 'z')
                            || "_.=-".indexOf(c) >= 0;
        }
        return table;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        int end = offset + length;
        int plain = offset;
        int at = offset;
        while (at < end) {
            boolean token = where != Where.TEXT && TOKEN[bytes[at] & 0xff];
            if (where == Where.PREFIX && token) {
                next.write(bytes, plain, at - plain);
                next.write(Masks.MASKED, 0, Masks.MASKED.length);
                where = Where.TOKEN;
            }
            if (where != Where.TEXT) {
                if (token) {
                    at++;
                    continue;
                }
                plain = where == Where.TOKEN ? at : plain;
                where = Where.TEXT;
            }
            if (state == Automaton.ROOT) {
                at = prefixes.skip(bytes, at, end);
                if (at == end) {
                    break;
                }
            }
            state = prefixes.step(state, bytes[at++]);
            if (prefixes.match(state) > 0) {
                where = Where.PREFIX;
                state = Automaton.ROOT;
            }
        }
        if (where != Where.TOKEN && plain < end) {
            next.write(bytes, plain, end - plain);
        }
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
        state = prefixes.known(in.readInt());
        next.restore(in);
    }
}
