package io.armrunner.files;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * The memory in which one piece of a file is compressed: its bytes, the smaller ones, and the
 * compressor. Belongs to one thread at a time; handed over through a {@code Future}. Only {@link
 * #close} may be called meanwhile: it waits for a compression that runs, and none begins after it.
 */
final class PackingSlot implements AutoCloseable {
    /**
     * Files up to this size are compressed before their header is written; larger ones in such
     * pieces.
     */
    static final int PIECE = 256 * 1024;

    /** How far back deflate looks. */
    static final int DICTIONARY = 32 * 1024;

    private static final int SMALLEST = 16 * 1024;
    private static final int MAX_STORED_BLOCK = 0xffff;
    private static final byte[] NO_DICTIONARY = new byte[0];

    private byte[] in = new byte[0];
    private byte[] out = new byte[0];
    private int length;
    private int packed;
    private boolean smaller;
    private byte[] dictionary = NO_DICTIONARY;
    private final LittleEndian laidOut = new LittleEndian(SMALLEST);
    private final CompressionLevel level;
    private final Optional<Libdeflate> library;
    private Libdeflate.@Nullable Compressor compressor;
    private @Nullable Deflater deflater;
    private boolean closed;

    /**
     * @param library what compresses whole files, if the system has it
     */
    PackingSlot(CompressionLevel level, Optional<Libdeflate> library) {
        this.level = level;
        this.library = library;
    }

    /** Room for a piece of a large file. */
    byte[] input() {
        in = grown(in, PIECE);
        return in;
    }

    void length(int bytes) {
        length = bytes;
    }

    /** Where small files are put as they will stand in the archive. */
    LittleEndian laidOut() {
        return laidOut;
    }

    /** What stands before this piece in the file, for {@link #compressPiece}. */
    void dictionary(byte[] before) {
        dictionary = before;
    }

    /**
     * Compresses a whole file of at most a piece, into {@link #output}.
     *
     * @return how long it is now, or 0 if that would not make it smaller
     */
    synchronized int compress(byte[] from, int start, int size) {
        if (closed || level.deflate() == 0 || size == 0 || !Compressible.test(from, start, size)) {
            return 0;
        }
        out = grown(out, size);
        if (library.isPresent()) {
            int made = compressor(library.get()).compress(from, start, size, out, size);
            return made < size ? made : 0;
        }
        Deflater stream = deflater();
        stream.setInput(from, start, size);
        stream.finish();
        int made = stream.deflate(out, 0, size);
        return stream.finished() && made < size ? made : 0;
    }

    byte[] output() {
        return out;
    }

    private static byte[] grown(byte[] array, int size) {
        return array.length >= size
                ? array
                : new byte[Math.min(PIECE, Math.max(SMALLEST, Integer.highestOneBit(size) * 2))];
    }

    private Libdeflate.Compressor compressor(Libdeflate from) {
        Libdeflate.Compressor there = compressor;
        if (there == null) {
            there = from.compressor(level.libdeflate());
            compressor = there;
        }
        return there;
    }

    /** The JDK's compressor, as new. */
    private Deflater deflater() {
        Deflater there = deflater;
        if (there == null) {
            there = new Deflater(level.deflate(), true);
            deflater = there;
        } else {
            there.reset();
        }
        return there;
    }

    /** Compresses the input as the middle of a deflate stream, ending on a whole byte. */
    synchronized void compressPiece() {
        smaller = false;
        if (closed || !Compressible.test(in, 0, length)) {
            return;
        }
        out = grown(out, PIECE);
        Deflater stream = deflater();
        if (dictionary.length > 0) {
            stream.setDictionary(dictionary);
        }
        stream.setInput(in, 0, length);
        // An output that is not filled is known to be complete.
        packed = stream.deflate(out, 0, Math.min(out.length, length), Deflater.SYNC_FLUSH);
        smaller = stream.needsInput() && packed < Math.min(out.length, length);
    }

    /** The compressed piece, or the same as stored blocks of a deflate stream. */
    long writePieceTo(OutputStream target) throws IOException {
        if (smaller) {
            target.write(out, 0, packed);
            return packed;
        }
        long written = 0;
        for (int from = 0; from < length; from += MAX_STORED_BLOCK) {
            int size = Math.min(MAX_STORED_BLOCK, length - from);
            byte[] head = {0, (byte) size, (byte) (size >>> 8), (byte) ~size, (byte) (~size >>> 8)};
            target.write(head, 0, head.length);
            target.write(in, from, size);
            written += head.length + size;
        }
        return written;
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (compressor != null) {
            compressor.close();
            compressor = null;
        }
        if (deflater != null) {
            deflater.end();
            deflater = null;
        }
    }
}
