package io.armrunner.files;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;
import java.util.zip.CRC32;
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
    private long crc;
    private byte[] dictionary = NO_DICTIONARY;
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

    /** Room for {@code size} bytes, at most a piece. */
    byte[] input(int size) {
        if (in.length < size) {
            in = new byte[Math.min(PIECE, Math.max(SMALLEST, Integer.highestOneBit(size) * 2))];
        }
        return in;
    }

    void length(int bytes) {
        length = bytes;
    }

    int length() {
        return length;
    }

    long crc() {
        return crc;
    }

    /** Whether {@link #compress} made it smaller. */
    boolean isSmaller() {
        return smaller;
    }

    int packed() {
        return packed;
    }

    /** What stands before this piece in the file, for {@link #compressPiece}. */
    void dictionary(byte[] before) {
        dictionary = before;
    }

    /** Compresses the whole input as a file of its own, and takes its checksum. */
    synchronized void compress(boolean tryIt) {
        checksum();
        smaller = false;
        if (closed || !tryIt || length == 0 || !Compressible.test(in, length)) {
            return;
        }
        roomForOutput();
        if (library.isPresent()) {
            packed = compressor(library.get()).compress(in, length, out, length);
            smaller = packed > 0 && packed < length;
            return;
        }
        Deflater stream = deflater();
        stream.setInput(in, 0, length);
        stream.finish();
        packed = stream.deflate(out, 0, Math.min(out.length, length));
        smaller = stream.finished() && packed < length;
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
        if (closed || !Compressible.test(in, length)) {
            return;
        }
        roomForOutput();
        Deflater stream = deflater();
        if (dictionary.length > 0) {
            stream.setDictionary(dictionary);
        }
        stream.setInput(in, 0, length);
        // An output that is not filled is known to be complete.
        packed = stream.deflate(out, 0, Math.min(out.length, length), Deflater.SYNC_FLUSH);
        smaller = stream.needsInput() && packed < Math.min(out.length, length);
    }

    private void checksum() {
        CRC32 sum = new CRC32();
        sum.update(in, 0, length);
        crc = sum.getValue();
    }

    private void roomForOutput() {
        if (out.length < length) {
            out = new byte[in.length];
        }
    }

    /** The compressed file, or the file as it is. */
    void writeTo(OutputStream target) throws IOException {
        if (smaller) {
            target.write(out, 0, packed);
        } else {
            target.write(in, 0, length);
        }
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
