package io.armrunner.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Shows the first bytes of every file in a zip file, without unpacking the rest. */
public final class ZipHeads {
    // What deflate needs to give some twenty bytes: a header with code lengths, and a little more.
    private static final int ENOUGH = 512;

    /** Hears of one file. */
    @FunctionalInterface
    public interface Reader {
        /**
         * Takes its beginning.
         *
         * @param head valid during the call only
         */
        void file(String name, byte[] head, int length);
    }

    private ZipHeads() {}

    /**
     * Shows up to {@code most} bytes of each file.
     *
     * @throws ArchiveException when it is no zip file, or a broken one
     */
    public static void read(FileChannel file, int most, Reader reader) throws IOException {
        ZipDirectory entries = ZipDirectory.open(file);
        byte[] head = new byte[most];
        byte[] packed = new byte[ENOUGH];
        Inflater inflater = new Inflater(true);
        try {
            for (ZipDirectory.Entry entry = entries.next(); entry != null; entry = entries.next()) {
                if (entry.isRegular() && entry.size() >= most) {
                    int length = head(file, entry, packed, head, inflater);
                    reader.file(entry.name(), head, length);
                }
            }
        } finally {
            inflater.end();
        }
    }

    private static int head(
            FileChannel file, ZipDirectory.Entry entry, byte[] packed, byte[] head, Inflater in)
            throws IOException {
        long from = ZipDirectory.contents(file, entry);
        int length = (int) Math.min(packed.length, entry.packed());
        ByteBuffer buffer = ByteBuffer.wrap(packed, 0, length);
        while (buffer.hasRemaining() && file.read(buffer, from + buffer.position()) >= 0) {
            // Until it is full or the file is over.
        }
        if (entry.method() == ZipHeaders.STORED) {
            System.arraycopy(packed, 0, head, 0, head.length);
            return head.length;
        }
        if (entry.method() != ZipHeaders.DEFLATED) {
            return 0;
        }
        try {
            in.reset();
            in.setInput(packed, 0, buffer.position());
            Arrays.fill(head, (byte) 0);
            return in.inflate(head);
        } catch (DataFormatException e) {
            throw new ArchiveException(entry.name() + " is damaged", e);
        }
    }
}
