package io.armrunner.trace;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** One stream of a log: masks, UTF-8, stamps. Guarded by the lock of its {@link JobLog}. */
final class LogChain {
    private final Pieces pieces;
    private final @Nullable LineStamps stamps;
    private final Filter last;
    private Filter first;

    LogChain(int stream, Masks masks, boolean stamped, InstantSource clock, Pieces pieces) {
        this.pieces = pieces;
        stamps = stamped ? new LineStamps(stream, clock, pieces) : null;
        last = stamps == null ? new Unstamped(pieces) : stamps;
        first = masks.chain(last);
    }

    void write(byte[] bytes, int offset, int length) {
        if (stamps != null) {
            stamps.beginWrite();
        }
        first.write(bytes, offset, length);
        if (stamps != null) {
            stamps.endWrite();
        }
        pieces.append();
    }

    /** The same for the writer's standard error. */
    void writeErrors(byte[] bytes) {
        if (stamps != null) {
            stamps.letter('E');
        }
        write(bytes, 0, bytes.length);
        if (stamps != null) {
            stamps.letter('O');
        }
    }

    /** Gives out what the masks hold back; an unfinished line stays unfinished. */
    void endPhrases() {
        first.flush();
        pieces.append();
    }

    /** Gives out everything; what follows is a new line. */
    void end() {
        first.flush();
        if (stamps != null) {
            stamps.end();
        }
        pieces.append();
    }

    void masks(Masks masks) {
        endPhrases();
        first = masks.chain(last);
    }

    void save(DataOutputStream out) throws IOException {
        first.save(out);
    }

    void restore(DataInputStream in) throws IOException {
        first.restore(in);
    }

    /** FF_TIMESTAMPS=false: the bytes as they are. */
    private record Unstamped(Pieces pieces) implements Filter {
        @Override
        public void write(byte[] bytes, int offset, int length) {
            pieces.add(bytes, offset, length);
            pieces.endPiece();
        }

        @Override
        public void flush() {
            // Nothing is held back.
        }

        @Override
        public void save(DataOutputStream out) {
            // Nothing to say: bytes pass as they are.
        }

        @Override
        public void restore(DataInputStream in) {
            // Nothing was said.
        }
    }
}
